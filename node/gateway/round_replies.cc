#include "node/gateway/round_replies.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/round_json.h"

namespace decentd {
namespace {

constexpr uint32_t kDefaultPage = 20, kLargestPage = 100;
constexpr int kBundles = 8;  // at once

void ListRounds(Council& council, HttpExchange& exchange) {
  uint32_t limit = kDefaultPage;
  std::optional<RoundId> after;
  const std::string& query = exchange.request().query;
  std::vector<std::string> pairs;
  if (!query.empty()) pairs = absl::StrSplit(query, '&');
  for (const std::string& pair : pairs) {
    const std::pair<std::string, std::string> one = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    ApiError error{.param = one.first, .code = "invalid_value"};
    if (one.first == "limit") {
      if (!absl::SimpleAtoi(one.second, &limit) || limit < 1 || limit > kLargestPage) {
        error.message = absl::StrCat("'limit' must be an integer from 1 to ", kLargestPage);
        return exchange.Reply(ErrorReply(error));
      }
    } else if (one.first == "after") {
      const std::optional<Digest> digest = Digest::FromHex(one.second);
      if (!digest) {
        error.message = "'after' must be a round's id: 64 hexadecimal digits";
        return exchange.Reply(ErrorReply(error));
      }
      after = RoundId{*digest};
    } else {
      error.message = absl::StrCat("unknown parameter: '", one.first, "'");
      return exchange.Reply(ErrorReply(error));
    }
  }
  absl::StatusOr<std::vector<RoundSummary>> rounds = council.ListRounds(limit + 1, after);
  if (!rounds.ok()) return exchange.Reply(ErrorReply(FromStatus(rounds.status())));
  const bool has_more = rounds->size() > limit;
  if (has_more) rounds->pop_back();
  HttpReply reply;
  reply.body = RoundsJson(*rounds, has_more);
  exchange.Reply(std::move(reply));
}

ApiError OfRound(const absl::Status& status, const RoundId& round) {
  ApiError error = FromStatus(status);
  error.round = round;
  return error;
}

void SendRound(Council& council, const RoundId& round, HttpExchange& exchange) {
  const absl::StatusOr<RoundSummary> summary = council.GetRound(round);
  if (!summary.ok()) return exchange.Reply(ErrorReply(OfRound(summary.status(), round)));
  HttpReply reply;
  reply.body = RoundJson(*summary);
  exchange.Reply(std::move(reply));
}

void SendBundle(Council& council, std::atomic<int>& bundles, const RoundId& round,
                HttpExchange& exchange) {
  if (bundles.fetch_add(1) >= kBundles) {
    --bundles;
    return exchange.Reply(ErrorReply(FromStatus(
        absl::UnavailableError(absl::StrCat("at most ", kBundles, " bundles are sent at once")))));
  }
  exchange.OnEnd([&bundles] { --bundles; });
  absl::StatusOr<std::string> bundle = council.GetBundle(round);
  if (!bundle.ok()) {
    ApiError error = OfRound(bundle.status(), round);
    if (error.status == 404) error.code = "bundle_not_found";
    return exchange.Reply(ErrorReply(error));
  }
  HttpReply reply;
  reply.content_type = "application/octet-stream";
  reply.headers.emplace_back("Content-Disposition",
                             absl::StrCat("attachment; filename=\"", round.Hex(), ".bundle\""));
  reply.body = *std::move(bundle);
  exchange.Reply(std::move(reply));
}

void SendEvents(Council& council, const RoundId& round,
                const std::shared_ptr<HttpExchange>& exchange) {
  uint64_t after = 0;
  const std::string& last_id = exchange->request().last_event_id;
  if (!last_id.empty() && !absl::SimpleAtoi(last_id, &after)) {
    return exchange->Reply(ErrorReply(
        {.message = "Last-Event-ID must be the id of an event of this round: a number",
         .param = "Last-Event-ID",
         .code = "invalid_value"}));
  }
  // Of a round without events here there is no stream; looked at before one is begun.
  struct Stream {
    std::unique_ptr<Subscription> subscription;
  };
  const auto stream = std::make_shared<Stream>();
  exchange->OnEnd([stream] { stream->subscription.reset(); });
  exchange->OnStop([exchange] { exchange->EndStream(); });
  // One earlier, so that a client that has the last event already is told that it was the last.
  absl::StatusOr<std::unique_ptr<Subscription>> watched = council.Watch(
      round, after == 0 ? 0 : after - 1, [exchange, round, after](const RoundEvent& event) {
        exchange->Post([exchange, round, after, event] {
          if (event.seq > after) exchange->Write(EventText(round, event));
          if (event.last()) exchange->EndStream();
        });
      });
  if (!watched.ok()) {
    ApiError error = OfRound(watched.status(), round);
    if (absl::IsFailedPrecondition(watched.status())) {
      error = {.status = 410, .message = std::string(watched.status().message())};
      error.code = "round_given_up";
      error.round = round;
    }
    return exchange->Reply(ErrorReply(error));
  }
  stream->subscription = *std::move(watched);
  exchange->StartStream();
}

}  // namespace

HttpReply ReadyReply(Council& council) {
  const absl::StatusOr<NodeStatus> status = council.Status();
  std::string reason;
  if (!status.ok()) {
    reason = std::string(status.status().message());
  } else if (!status->voting) {
    reason = absl::StrCat("the node does not vote: ", status->not_voting_because);
  } else if (status->reachable < status->quorum) {
    reason = absl::StrCat("no quorum: ", status->reachable, " of ", status->n,
                          " nodes reachable, ", status->quorum, " needed");
  }
  using Json = nlohmann::ordered_json;
  Json json = {{"status", reason.empty() ? "ready" : "not_ready"}};
  if (!reason.empty()) json["reason"] = reason;
  HttpReply reply;
  reply.status = reason.empty() ? 200 : 503;
  reply.body = absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
  return reply;
}

void RunRounds(Council& council, std::atomic<int>& bundles, std::string_view path,
               std::shared_ptr<HttpExchange> exchange) {
  if (path.empty()) return ListRounds(council, *exchange);
  path.remove_prefix(1);  // the slash
  const size_t slash = path.find('/');
  const std::string_view id = path.substr(0, slash);
  const std::string_view part = slash == std::string_view::npos ? "" : path.substr(slash);
  const std::optional<Digest> digest = Digest::FromHex(id);
  if (!digest) {
    return exchange->Reply(ErrorReply(
        {.message = "a round's id has 64 hexadecimal digits",
         .param = "id",
         .code = "invalid_value"}));
  }
  const RoundId round{*digest};
  if (part.empty()) return SendRound(council, round, *exchange);
  if (part == "/bundle") return SendBundle(council, bundles, round, *exchange);
  if (part == "/events") return SendEvents(council, round, exchange);
  exchange->Reply(ErrorReply({.status = 404,
                              .message = "a round has itself, /bundle and /events",
                              .code = "unknown_url"}));
}

}  // namespace decentd
