#include "node/gateway/round_json.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

// What it says may quote a peer's or a model's bytes.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string StateName(RoundSummary::State state) {
  switch (state) {
    case RoundSummary::State::kRunning:
      return "running";
    case RoundSummary::State::kDecided:
      return "decided";
    case RoundSummary::State::kFailed:
      return "failed";
    case RoundSummary::State::kUndecided:
      return "undecided";
  }
  return "unknown";
}

std::string ClosedName(Closed closed) {
  switch (closed) {
    case Closed::kNone:
      return "all_arrived";
    case Closed::kSoft:
      return "soft";
    case Closed::kAbsent:
      return "absent";
    case Closed::kHard:
      return "hard";
  }
  return "unknown";
}

const char* PhaseName(Phase phase) { return phase == Phase::kAnswer ? "answer" : "sheet"; }

// Of a running round; later the account has its agents.
Json Panel(const RoundSummary& round) {
  if (round.workers.Empty() && round.evaluators.Empty()) return {};
  Json panel = {{"answer", Json::array()}, {"sheet", Json::array()}};
  round.workers.ForEach([&](NodeIndex node) { panel["answer"].push_back(node.value); });
  round.evaluators.ForEach([&](NodeIndex node) { panel["sheet"].push_back(node.value); });
  return panel;
}

Json ToJson(const RoundSummary& round) {
  Json json = {
      {"id", round.id.Hex()},
      {"object", "round"},
      {"status", StateName(round.state)},
      {"started_unix_ms", round.started_unix_ms},
      {"finished_unix_ms", round.finished_unix_ms == 0 ? Json() : Json(round.finished_unix_ms)},
      {"question", round.question},
      {"outcome", round.outcome.empty() ? Json() : Json(round.outcome)},
      {"winner_index", round.winner ? Json(round.winner->value) : Json()},
      {"answers", round.answers},
      {"sheets", round.sheets},
      {"panel", Panel(round)},
      {"waiting_for", round.waiting_for.empty() ? Json() : Json(round.waiting_for)},
      {"bundle_bytes", round.bundle_bytes},
      {"cluster_id", round.cluster_id.Hex()},
      {"roster_epoch", round.epoch}};
  return json;
}

Json Account(const std::string& account) { return account.empty() ? Json() : Json::parse(account); }

}  // namespace

std::string RoundJson(const RoundSummary& round, const std::string& account,
                      const std::vector<StoredEvidence>& evidence, const Roster& roster) {
  Json json = ToJson(round);
  json["decent"] = Account(account);
  json["evidence"] = Json::array();
  for (const StoredEvidence& one : evidence) {
    // A round of another roster has other nodes.
    const bool known = round.cluster_id == roster.cluster_id() && one.author.value < roster.n();
    json["evidence"].push_back({{"id", one.id},
                                {"author_index", one.author.value},
                                {"author", known ? Json(roster.node(one.author).name) : Json()},
                                {"kind", one.kind},
                                {"unix_ms", one.unix_ms}});
  }
  return absl::StrCat(Dump(json), "\n");
}

std::string RoundsJson(const std::vector<RoundSummary>& rounds, Expand expand,
                       const std::vector<std::string>& accounts, bool has_more) {
  Json data = Json::array();
  for (size_t i = 0; i < rounds.size(); ++i) {
    Json json = ToJson(rounds[i]);
    if (expand == Expand::kDecent) json["decent"] = Account(accounts[i]);
    if (expand == Expand::kResult) {
      Json account = Account(accounts[i]);
      if (!account.is_null()) {
        account.erase("agents");
        account.erase("missing_agents");
      }
      json["result"] = std::move(account);
    }
    data.push_back(std::move(json));
  }
  Json json = {{"object", "list"}, {"data", std::move(data)}};
  json["first_id"] = rounds.empty() ? Json() : Json(rounds.front().id.Hex());
  json["last_id"] = rounds.empty() ? Json() : Json(rounds.back().id.Hex());
  json["has_more"] = has_more;
  return absl::StrCat(Dump(json), "\n");
}

std::string EventName(RoundEvent::Type type) {
  switch (type) {
    case RoundEvent::Type::kAdmitted:
      return "round.admitted";
    case RoundEvent::Type::kAnswerReceived:
      return "answer.received";
    case RoundEvent::Type::kAnswerCertified:
      return "answer.certified";
    case RoundEvent::Type::kSheetReceived:
      return "sheet.received";
    case RoundEvent::Type::kSheetCertified:
      return "sheet.certified";
    case RoundEvent::Type::kPhaseStarted:
      return "phase.started";
    case RoundEvent::Type::kPhaseClosed:
      return "phase.closed";
    case RoundEvent::Type::kDecided:
      return "round.decided";
    case RoundEvent::Type::kCertified:
      return "round.certified";
    case RoundEvent::Type::kFailed:
      return "round.failed";
    case RoundEvent::Type::kGivenUp:
      return "round.given_up";
  }
  return "round.unknown";
}

std::string EventText(const RoundId& round, const RoundEvent& event) {
  Json json = {{"seq", event.seq},
               {"ts", event.unix_ms},
               {"type", EventName(event.type)},
               {"round_id", round.Hex()}};
  if (event.node) json["node"] = event.node->value;
  if (event.type == RoundEvent::Type::kPhaseStarted ||
      event.type == RoundEvent::Type::kPhaseClosed) {
    json["phase"] = PhaseName(event.phase);
  }
  if (event.type == RoundEvent::Type::kPhaseClosed) json["closed"] = ClosedName(event.closed);
  if (event.abstained) json["abstained"] = true;
  if (!event.detail.empty()) json["detail"] = event.detail;
  return absl::StrCat("id: ", event.seq, "\nevent: ", EventName(event.type), "\ndata: ", Dump(json),
                      "\n\n");
}

std::string EventComment(const RoundEvent& event) {
  // Nothing that others wrote: a line end would begin a field.
  return absl::StrCat(": ", EventName(event.type),
                      event.node ? absl::StrCat(" from node ", event.node->value) : "", "\n\n");
}

}  // namespace decentd
