#include "tools/decentctl/round_fetch.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace decentd {
namespace {

using Reasons = std::vector<std::pair<std::string, absl::Status>>;

constexpr absl::Duration kPause = absl::Milliseconds(500);  // after every node failed once
constexpr int kMostPages = 40;                              // of 500 rounds, for a prefix

}  // namespace

std::variant<FetchedBundle, FetchFailure> FetchChecked(
    const CouncilClients& clients, size_t first, const RoundId& round, const Roster* trusted,
    std::set<size_t>& distrusted, const std::function<void(const std::string&)>& on_invalid) {
  Reasons reasons;
  bool invalid = !distrusted.empty();
  for (size_t i = 0; i < clients.size(); ++i) {
    const size_t index = (first + i) % clients.size();
    if (distrusted.contains(index)) continue;
    CouncilClient& client = *clients[index];
    const absl::StatusOr<std::string> bytes = client.GetBundle(round);
    if (!bytes.ok() && bytes.status().code() != absl::StatusCode::kInvalidArgument) {
      reasons.emplace_back(client.address(), bytes.status());
      continue;
    }
    absl::StatusOr<CheckedBundle> bundle =
        bytes.ok() ? VerifyBundle(*bytes, trusted) : absl::StatusOr<CheckedBundle>(bytes.status());
    if (bundle.ok() && bundle->round != round) {
      bundle = absl::InvalidArgumentError(absl::StrCat("round: the proof is of round ",
                                                       bundle->round.Hex(), ", not of the one ",
                                                       "that was asked for"));
    }
    if (bundle.ok()) return FetchedBundle{*std::move(bundle), client.address()};
    invalid = true;
    distrusted.insert(index);
    reasons.emplace_back(client.address(), bundle.status());
    on_invalid(absl::StrCat("the proof that ", client.address(), " gave is invalid, ",
                            std::string(bundle.status().message())));
  }
  return FetchFailure{invalid ? FetchFailure::Kind::kInvalidProof : FetchFailure::Kind::kNotThere,
                      absl::Status(reasons.empty() ? absl::StatusCode::kInvalidArgument
                                                   : reasons.front().second.code(),
                                   JoinReasons(reasons))};
}

std::variant<FetchedBundle, FetchFailure> WatchToProof(const CouncilClients& clients,
                                                       const RoundId& round, const AskedWith& asked,
                                                       const Roster* trusted, absl::Time deadline,
                                                       LiveView& view) {
  std::set<size_t> distrusted, gave_up;
  std::map<size_t, absl::Status> refused;  // the query, and for good
  std::map<size_t, std::string> last_notes;  // nodes are asked in turn, again and again
  size_t current = 0, failures = 0;
  const auto note = [&](const std::string& text) {
    if (std::exchange(last_notes[current], text) != text) view.Note(text);
  };
  const auto none_left = [&] { return distrusted.size() + gave_up.size() == clients.size(); };
  while (absl::Now() < deadline) {
    if (distrusted.size() == clients.size()) {
      return FetchFailure{
          FetchFailure::Kind::kInvalidProof,
          absl::InvalidArgumentError("every node that was asked gave an invalid proof")};
    }
    if (none_left()) {
      return FetchFailure{FetchFailure::Kind::kGivenUp,
                          absl::FailedPreconditionError("every node gave the round up undecided")};
    }
    CouncilClient& client = *clients[current];
    const bool passed_over = distrusted.contains(current) || gave_up.contains(current);
    const uint64_t before = view.last_seq();
    const absl::Status status =
        passed_over
            ? absl::UnavailableError("passed over")
            : client.Watch(round, before, deadline,
                           [&](const client::v1::RoundEvent& event) { view.OnEvent(event); });
    if (view.last_seq() > before) failures = 0;
    if (status.code() == absl::StatusCode::kResourceExhausted && view.last_seq() > before) {
      continue;  // cut for reading too slowly: resume behind the last event
    }
    if (status.ok() && view.certified()) {
      auto fetched = FetchChecked(clients, current, round, trusted, distrusted, note);
      if (std::holds_alternative<FetchedBundle>(fetched)) return fetched;
      note(absl::StrCat("no proof yet: ",
                        std::string(std::get<FetchFailure>(fetched).status.message())));
    } else if (absl::Now() >= deadline) {
      break;
    } else if (view.given_up() || absl::IsFailedPrecondition(status)) {
      gave_up.insert(current);
      note(absl::StrCat(client.address(), " gave the round up undecided"));
      if (none_left()) continue;  // the view stays as it is
    } else if (status.code() == absl::StatusCode::kNotFound && !refused.contains(current)) {
      // The node that took the question may have died before it told the others.
      const absl::Status submitted = client.Submit(asked.query).status();
      if (!submitted.ok()) {
        note(absl::StrCat(client.address(), ": ", std::string(submitted.message())));
        // Too many of this client's are temporary.
        if (!IsUnreachable(submitted) && !absl::IsResourceExhausted(submitted)) {
          refused.emplace(current, submitted);
        }
        if (!asked.taken && refused.size() == clients.size()) {
          Reasons reasons;
          for (const auto& [i, why] : refused) reasons.emplace_back(clients[i]->address(), why);
          return FetchFailure{FetchFailure::Kind::kRefused,
                              absl::FailedPreconditionError(JoinReasons(reasons))};
        }
      } else {
        note(absl::StrCat(client.address(), " did not know the round and takes it on"));
        view.Restart();
        continue;
      }
    } else if (!passed_over) {
      note(absl::StrCat(client.address(), ": ",
                        status.ok() ? "the stream ended early" : std::string(status.message())));
    }
    // Another node numbers its own events, and a restarted one may have lost the last of them.
    view.Restart();
    current = (current + 1) % clients.size();
    if (++failures % clients.size() == 0) {
      clients[current]->Wait(std::min(deadline, absl::Now() + kPause));
    }
  }
  return FetchFailure{FetchFailure::Kind::kTimedOut, absl::DeadlineExceededError("timed out")};
}

absl::StatusOr<RoundId> FindRound(const CouncilClients& clients, const std::string& id) {
  if (const std::optional<Digest> digest = Digest::FromHex(id)) return RoundId{*digest};
  const std::string prefix = absl::AsciiStrToLower(id);
  if (prefix.size() < 4 || prefix.size() > 64 ||
      prefix.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("a round is named by the 64 hexadecimal digits of its id, or by at least the ",
                     "first 4 of them"));
  }
  std::set<RoundId> found;
  Reasons reasons;
  bool any = false;
  for (const auto& client : clients) {
    client::v1::ListRoundsRequest request;
    request.set_page_size(500);
    for (int page = 0; page < kMostPages; ++page) {
      const auto reply = client->ListRounds(request);
      if (!reply.ok()) {
        reasons.emplace_back(client->address(), reply.status());
        break;
      }
      any = true;
      for (const auto& round : reply->rounds()) {
        const std::optional<Digest> digest = Digest::FromBytes(round.round_id());
        if (digest && digest->Hex().starts_with(prefix)) found.insert(RoundId{*digest});
      }
      if (reply->next_page_token().empty()) break;
      request.set_page_token(reply->next_page_token());
    }
    if (!found.empty()) break;
  }
  if (found.size() == 1) return *found.begin();
  if (found.empty()) {
    if (!any) return absl::UnavailableError(JoinReasons(reasons));
    if (!reasons.empty()) {
      return absl::UnavailableError(absl::StrCat("no round whose id starts with ", prefix,
                                                 " among those that were listed; ",
                                                 JoinReasons(reasons)));
    }
    return absl::NotFoundError(absl::StrCat("no round whose id starts with ", prefix,
                                            "; 'decentctl rounds ls' lists ",
                                            "those that the node knows"));
  }
  std::vector<std::string> names;
  for (const RoundId& round : found) names.push_back(round.Hex());
  if (names.size() > 5) names.resize(5);
  return absl::InvalidArgumentError(absl::StrCat("several rounds start with ", prefix, ": ",
                                                 absl::StrJoin(names, ", "), "; give more digits"));
}

}  // namespace decentd
