#include "node/gateway/round_replies.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "node/gateway/chat_request.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/question.h"
#include "node/gateway/round_json.h"

namespace decentd {
namespace {

constexpr uint32_t kDefaultPage = 20, kLargestPage = 100;
constexpr int kBundles = 8;        // at once
constexpr size_t kSeqDigits = 15;  // what every reader of JSON holds exactly

struct Page {
  uint32_t limit = kDefaultPage;
  std::optional<RoundId> after;
  Expand expand = Expand::kNothing;
};

std::variant<Page, ApiError> ReadPage(const std::string& query) {
  Page page;
  std::vector<std::string> pairs;
  if (!query.empty()) pairs = absl::StrSplit(query, '&');
  for (const std::string& pair : pairs) {
    const std::pair<std::string, std::string> one = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    ApiError error{.param = one.first, .code = "invalid_value"};
    if (one.first == "limit") {
      if (absl::SimpleAtoi(one.second, &page.limit) && page.limit >= 1 &&
          page.limit <= kLargestPage) {
        continue;
      }
      error.message = absl::StrCat("'limit' must be an integer from 1 to ", kLargestPage);
    } else if (one.first == "after") {
      const std::optional<Digest> digest = Digest::FromHex(one.second);
      if (digest) {
        page.after = RoundId{*digest};
        continue;
      }
      error.message = "'after' must be a round's id: 64 hexadecimal digits";
    } else if (one.first == "expand") {
      page.expand = one.second == "decent"   ? Expand::kDecent
                    : one.second == "result" ? Expand::kResult
                                             : Expand::kNothing;
      if (page.expand != Expand::kNothing) continue;
      error.message = "'expand' can be 'result' or 'decent'";
    } else {
      error.message = absl::StrCat("unknown parameter: '", one.first, "'");
      error.code = "unknown_parameter";
    }
    return error;
  }
  return page;
}

ApiError OfRound(const absl::Status& status, const RoundId& round) {
  ApiError error = FromStatus(status);
  error.round = round;
  return error;
}

// Says what is wrong with an id that is none.
std::optional<RoundId> RoundOf(const Call& call) {
  if (const std::optional<Digest> digest = Digest::FromHex(call.argument)) return RoundId{*digest};
  call.exchange->Reply(ErrorReply({.message = "a round's id has 64 hexadecimal digits",
                                   .param = "id",
                                   .code = "invalid_value"}));
  return std::nullopt;
}

// What is known of a round as it is asked for, without asking the node that will begin with it; its
// id and panel come with that.
RoundSummary BeforeItBegins(const Roster& roster, const ChatRequest& request) {
  RoundSummary summary;
  summary.cluster_id = roster.cluster_id();
  summary.epoch = roster.epoch();
  summary.started_unix_ms = absl::ToUnixMillis(absl::Now());
  summary.question = request.messages.back().content;
  return summary;
}

void Begin(const RoundId& round, const Roster& seen, RoundSummary* summary) {
  summary->id = round;
  summary->workers = seen.panel(Phase::kAnswer);
  summary->evaluators = seen.panel(Phase::kSheet);
}

// Of a round that ended here without a record.
ApiError GivenUp(const absl::Status& status, const RoundId& round) {
  ApiError error{.status = 410, .message = std::string(status.message())};
  error.code = "round_given_up";
  error.round = round;
  return error;
}

}  // namespace

void RoundReplies::Create(const Call& call) const {
  const Roster roster = access_.roster();
  std::variant<ChatRequest, ApiError> parsed =
      ParseRoundRequest(roster, call.exchange->request().body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) {
    return call.exchange->Reply(ErrorReply(*error));
  }
  const ChatRequest& request = std::get<ChatRequest>(parsed);
  const auto asked = std::make_shared<const RoundSummary>(BeforeItBegins(roster, request));
  Ask(access_, roster, call.client, request, call.exchange,
      [roster, asked, committee = request.committee, exchange = call.exchange](
          const RoundId& round, const std::optional<ApiError>& error) {
        if (error) return exchange->Reply(ErrorReply(*error));
        RoundSummary summary = *asked;
        Begin(round, roster.Committee(round, committee), &summary);
        HttpReply reply;
        reply.status = 202;
        reply.headers.emplace_back("Location", absl::StrCat("/v1/rounds/", round.Hex()));
        reply.body = RoundJson(summary, "", {}, roster);
        exchange->Reply(std::move(reply));
      });
}

void RoundReplies::List(const Call& call) const {
  const std::variant<Page, ApiError> read = ReadPage(call.exchange->request().query);
  if (const auto* error = std::get_if<ApiError>(&read)) {
    return call.exchange->Reply(ErrorReply(*error));
  }
  const Page& page = std::get<Page>(read);
  absl::StatusOr<std::vector<RoundSummary>> rounds =
      access_.council.ListRounds(page.limit + 1, page.after);
  if (!rounds.ok()) return call.exchange->Reply(ErrorReply(FromStatus(rounds.status())));
  const bool has_more = rounds->size() > page.limit;
  if (has_more) rounds->pop_back();
  const auto send = [exchange = call.exchange, rounds = *rounds, expand = page.expand,
                     has_more](const std::vector<std::string>& accounts) {
    HttpReply reply;
    reply.body = RoundsJson(rounds, expand, accounts, has_more);
    exchange->Reply(std::move(reply));
  };
  if (page.expand == Expand::kNothing) return send({});
  std::vector<RoundId> ids;
  for (const RoundSummary& round : *rounds) ids.push_back(round.id);
  if (!access_.proofs->Accounts(std::move(ids), send)) {
    call.exchange->Reply(ErrorReply(TooManyWait()));
  }
}

void RoundReplies::One(const Call& call) const {
  const std::optional<RoundId> round = RoundOf(call);
  if (!round) return;
  const absl::StatusOr<RoundSummary> summary = access_.council.GetRound(*round);
  if (!summary.ok()) return call.exchange->Reply(ErrorReply(OfRound(summary.status(), *round)));
  const absl::StatusOr<std::vector<StoredEvidence>> evidence = access_.council.EvidenceOf(*round);
  if (!evidence.ok()) return call.exchange->Reply(ErrorReply(OfRound(evidence.status(), *round)));
  HttpReply reply;
  reply.body = RoundJson(*summary, access_.proofs->Account(*round), *evidence, access_.roster());
  call.exchange->Reply(std::move(reply));
}

void RoundReplies::Bundle(const Call& call) {
  const std::optional<RoundId> round = RoundOf(call);
  if (!round) return;
  if (bundles_.fetch_add(1) >= kBundles) {
    --bundles_;
    return call.exchange->Reply(ErrorReply(FromStatus(
        absl::UnavailableError(absl::StrCat("at most ", kBundles, " bundles are sent at once")))));
  }
  call.exchange->OnEnd([this] { --bundles_; });
  absl::StatusOr<std::string> bundle = access_.council.GetBundle(*round);
  if (!bundle.ok()) {
    ApiError error = OfRound(bundle.status(), *round);
    if (error.status == 404) error.code = "bundle_not_found";
    if (absl::IsFailedPrecondition(bundle.status())) error = GivenUp(bundle.status(), *round);
    return call.exchange->Reply(ErrorReply(error));
  }
  HttpReply reply;
  reply.content_type = "application/octet-stream";
  reply.headers.emplace_back("Content-Disposition",
                             absl::StrCat("attachment; filename=\"", round->Hex(), ".bundle\""));
  reply.body = *std::move(bundle);
  call.exchange->Reply(std::move(reply));
}

void RoundReplies::Events(const Call& call) const {
  const std::optional<RoundId> found = RoundOf(call);
  if (!found) return;
  const RoundId round = *found;
  const std::shared_ptr<HttpExchange>& exchange = call.exchange;
  uint64_t after = 0;
  const std::string& last_id = exchange->request().last_event_id;
  const bool digits = last_id.size() <= kSeqDigits &&
                      std::all_of(last_id.begin(), last_id.end(), absl::ascii_isdigit);
  if (!digits || (!last_id.empty() && !absl::SimpleAtoi(last_id, &after))) {
    return exchange->Reply(
        ErrorReply({.message = "Last-Event-ID must be the id of an event of this round: a number",
                    .param = "Last-Event-ID",
                    .code = "invalid_value"}));
  }
  // Begun with the first event that is behind the last one, or else once the past is told: for who
  // has the last event of all there is no stream, as for a round without events here.
  struct Stream {
    std::unique_ptr<Subscription> subscription;
    bool begun = false;  // or answered
  };
  const auto stream = std::make_shared<Stream>();
  exchange->OnEnd([stream] { stream->subscription.reset(); });
  exchange->OnStop([exchange] { exchange->EndStream(); });
  // From the first one on, so that a client that has the last event already, or names one that
  // never was, is told that the round is over.
  absl::StatusOr<std::unique_ptr<Subscription>> watched =
      access_.council.Watch(round, 0, [exchange, stream, round, after](const RoundEvent& event) {
        exchange->Post([exchange, stream, round, after, event] {
          if (event.seq > after) {
            if (!std::exchange(stream->begun, true)) exchange->StartStream();
            exchange->Write(EventText(round, event));
          }
          if (!event.last()) return;
          if (std::exchange(stream->begun, true)) return exchange->EndStream();
          exchange->Reply({.status = 204});  // by which EventSource knows not to come back
        });
      });
  if (!watched.ok()) {
    ApiError error = OfRound(watched.status(), round);
    if (absl::IsFailedPrecondition(watched.status())) error = GivenUp(watched.status(), round);
    return exchange->Reply(ErrorReply(error));
  }
  stream->subscription = *std::move(watched);
  exchange->Post([exchange, stream] {
    if (!std::exchange(stream->begun, true)) exchange->StartStream();
  });
}

}  // namespace decentd
