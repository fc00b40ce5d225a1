#include "tools/decentctl/drill/ask_round.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "node/codec/peer_codec.h"
#include "node/core/limits.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd::drill {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(50);
constexpr absl::Duration kTellEvery = absl::Seconds(10);
// For the other honest nodes, once one has the proof: they fetch it from each other.
constexpr absl::Duration kOthersPatience = absl::Seconds(15);

absl::StatusOr<Envelope> SignQuestion(const ScratchCouncil& council, const Ed25519Identity& client,
                                      const Asking& asking) {
  Query query;
  query.client_key = client.public_key();
  query.messages.push_back({"user", asking.question});
  query.nonce.resize(limits::kNonceBytes);
  if (getentropy(query.nonce.data(), query.nonce.size()) != 0) {
    return absl::InternalError("the system gives no random numbers");
  }
  const absl::Duration longest =
      absl::Milliseconds(council.roster().parameters().longest_lifetime_ms / 10 * 9);
  query.expiry_unix_ms = absl::ToUnixMillis(absl::Now() + std::min(asking.timeout, longest));
  return SignQuery(client, council.roster().cluster_id(), query);
}

class Round {
 public:
  Round(ScratchCouncil& council, const Asking& asking)
      : council_(council), asking_(asking), deadline_(absl::Now() + asking.timeout) {}

  absl::StatusOr<DrillRound> Run(const Envelope& query) {
    const absl::Time begin = absl::Now();
    absl::StatusOr<RoundId> id = Submit(query);
    if (!id.ok()) return id.status();
    DrillRound round;
    absl::StatusOr<std::optional<CheckedBundle>> first = Proof(*council_.honest()[0], *id, deadline_);
    if (!first.ok()) return first.status();
    if (*first) {
      round = HowItEnded(**first, council_.liars());
      absl::StatusOr<bool> agreed = OthersAgree(**first);
      if (!agreed.ok()) return agreed.status();
      if (!*agreed) round.end = RoundEnd::kSplit;
    } else {
      round.reason = absl::StrCat("no end within ", DurationText(asking_.timeout),
                                  waits_for_.empty() ? "" : ": ", waits_for_);
    }
    round.round_id = id->Hex();
    round.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    return round;
  }

 private:
  absl::StatusOr<RoundId> Submit(const Envelope& query) {
    CouncilClient& node = *council_.honest()[0];
    absl::StatusOr<RoundId> id = node.Submit(query);
    // Too slow to reply, not unwilling: the same query is the same round.
    while (IsUnreachable(id.status()) && absl::Now() < deadline_) {
      if (absl::Status status = GoesOn(); !status.ok()) return status;
      absl::SleepFor(kPoll);
      id = node.Submit(query);
    }
    return id;
  }

  absl::Status GoesOn() {
    if (asking_.interrupted()) return absl::CancelledError("interrupted");
    return council_.Running();
  }

  // Nothing where there is none by then.
  absl::StatusOr<std::optional<CheckedBundle>> Proof(CouncilClient& node, const RoundId& id,
                                                     absl::Time until) {
    absl::Time tell = absl::Now() + kTellEvery;
    while (true) {
      if (absl::Status status = GoesOn(); !status.ok()) return status;
      const auto state = node.GetRound(id);
      if (state.ok()) waits_for_ = PrintableLine(state->waiting_for());
      if (state.ok() && state->bundle_bytes() > 0) {
        const absl::StatusOr<std::string> bytes = node.GetBundle(id);
        if (bytes.ok()) return Checked(*bytes);
      }
      if (absl::Now() >= until) return std::nullopt;
      if (absl::Now() >= tell) {
        asking_.still_waiting(waits_for_);
        tell += kTellEvery;
      }
      absl::SleepFor(kPoll);
    }
  }

  absl::StatusOr<std::optional<CheckedBundle>> Checked(const std::string& bytes) {
    absl::StatusOr<CheckedBundle> checked = VerifyBundle(bytes, &council_.roster());
    if (checked.ok()) return *std::move(checked);
    return absl::InternalError(absl::StrCat("an honest node's proof does not hold: ",
                                            std::string(checked.status().message())));
  }

  // Who has no proof in time contradicts nobody.
  absl::StatusOr<bool> OthersAgree(const CheckedBundle& first) {
    const absl::Time until = absl::Now() + kOthersPatience;
    for (const auto& node : council_.honest()) {
      auto other = Proof(*node, first.round, until);
      if (!other.ok()) return other.status();
      if (*other && !((*other)->verdict == first.verdict)) return false;
    }
    return true;
  }

  ScratchCouncil& council_;
  const Asking& asking_;
  const absl::Time deadline_;
  std::string waits_for_;
};

}  // namespace

absl::StatusOr<DrillRound> AskRound(ScratchCouncil& council, const Ed25519Identity& client,
                                    const Asking& asking) {
  const absl::StatusOr<Envelope> query = SignQuestion(council, client, asking);
  if (!query.ok()) return query.status();
  return Round(council, asking).Run(*query);
}

}  // namespace decentd::drill
