#include "node/gateway/chat_reply.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "node/gateway/chat_request.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicro = 1e6;

struct UsageSum {
  uint64_t prompt = 0, completion = 0, cost_micro_usd = 0;
  bool tokens_known = true, cost_known = true, any_cost = false;

  void Add(const Usage& usage) {
    prompt += usage.prompt_tokens.value_or(0);
    completion += usage.completion_tokens.value_or(0);
    cost_micro_usd += usage.cost_micro_usd.value_or(0);
    tokens_known = tokens_known && usage.prompt_tokens && usage.completion_tokens;
    cost_known = cost_known && usage.cost_micro_usd;
    any_cost = any_cost || usage.cost_micro_usd;
  }
};

// Of all agents: an abstention says nothing of what it cost.
UsageSum SumUsage(const CheckedBundle& bundle) {
  UsageSum sum;
  for (const auto* slots : {&bundle.answers, &bundle.sheets}) {
    for (const auto& [node, propose] : *slots) {
      if (const auto* answer = std::get_if<Answer>(&propose.payload)) sum.Add(answer->usage);
      if (const auto* sheet = std::get_if<Sheet>(&propose.payload)) sum.Add(sheet->usage);
    }
  }
  return sum;
}

const Answer& Winner(const CheckedBundle& bundle) {
  const NodeIndex author = bundle.input->answers[bundle.aggregate->ranking.front()].author;
  for (const auto& [node, propose] : bundle.answers) {
    if (node == author) return std::get<Answer>(propose.payload);
  }
  static const Answer kNone;  // never: the verifier built the input from these answers
  return kNone;
}

// Only what OpenAI's clients know; agents without tools cannot end for another reason.
std::string FinishReason(const Answer& answer) {
  for (const std::string_view known : {"length", "content_filter"}) {
    if (answer.finish_reason == known) return answer.finish_reason;
  }
  return "stop";
}

// Members of the panel without a usable contribution, and why.
void AddMissing(const CheckedBundle& bundle, Phase phase, Json& missing) {
  const auto& slots = phase == Phase::kAnswer ? bundle.answers : bundle.sheets;
  const char* const what = phase == Phase::kAnswer ? "answer" : "sheet";
  NodeSet there;
  for (const auto& [node, propose] : slots) {
    there.Add(node);
    if (const auto* abstain = std::get_if<Abstain>(&propose.payload)) {
      missing.push_back({{"agent", bundle.roster.node(node).name},
                         {"missing", what},
                         {"reason", AbstainReasonName(abstain->reason)}});
    }
  }
  (bundle.roster.panel(phase) - there).ForEach([&](NodeIndex node) {
    missing.push_back({{"agent", bundle.roster.node(node).name},
                       {"missing", what},
                       {"reason", "not_certified_in_time"}});
  });
}

Json DecentJson(const CheckedBundle& bundle) {
  const UsageSum usage = SumUsage(bundle);
  const Verdict& verdict = bundle.verdict;
  Json json = {
      {"round_id", bundle.round.Hex()},
      {"roster_epoch", bundle.roster.epoch()},
      {"cluster_id", bundle.roster.cluster_id().Hex()},
      {"status", OutcomeName(verdict.outcome)},
      {"answers", {{"received", verdict.answer_count}, {"expected", verdict.workers}}},
      {"sheets", {{"received", verdict.sheet_count}, {"expected", verdict.evaluators}}},
  };
  const size_t best = bundle.aggregate->ranking.front();
  json["winner"] = bundle.roster.node(bundle.input->answers[best].author).name;
  json["robust_score"] = static_cast<double>(bundle.aggregate->shown_scores[best]) / kMicro;
  json["flip_margin"] = bundle.aggregate->flip_margin;
  json["certificate"] =
      static_cast<int>(bundle.decisions.size()) >= bundle.roster.quorum() && bundle.authenticated;
  json["missing_agents"] = Json::array();
  AddMissing(bundle, Phase::kAnswer, json["missing_agents"]);
  AddMissing(bundle, Phase::kSheet, json["missing_agents"]);
  json["usage_known"] = usage.tokens_known;
  // Of the agents that say what they cost; unknown is never shown as nothing.
  json["cost_usd"] =
      usage.any_cost ? Json(static_cast<double>(usage.cost_micro_usd) / kMicro) : Json();
  json["cost_known"] = usage.cost_known;
  return json;
}

Json UsageJson(const CheckedBundle& bundle) {
  const UsageSum usage = SumUsage(bundle);
  return {{"prompt_tokens", usage.prompt},
          {"completion_tokens", usage.completion},
          {"total_tokens", usage.prompt + usage.completion}};
}

Json Head(const CheckedBundle& bundle, int64_t created, const char* object) {
  return {{"id", absl::StrCat("chatcmpl-", bundle.round.Hex())},
          {"object", object},
          {"created", created},
          {"model", kModelName}};
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string CompletionJson(const CheckedBundle& bundle, int64_t created) {
  const Answer& answer = Winner(bundle);
  Json json = Head(bundle, created, "chat.completion");
  json["choices"] = Json::array({{{"index", 0},
                                  {"message",
                                   {{"role", "assistant"},
                                    {"content", answer.text},
                                    {"refusal", nullptr}}},
                                  {"logprobs", nullptr},
                                  {"finish_reason", FinishReason(answer)}}});
  json["usage"] = UsageJson(bundle);
  json["decent"] = DecentJson(bundle);
  return absl::StrCat(Dump(json), "\n");
}

std::string CompletionEvents(const CheckedBundle& bundle, int64_t created, bool include_usage) {
  const Answer& answer = Winner(bundle);
  std::string events;
  const auto add = [&](Json json, Json usage) {
    if (include_usage) json["usage"] = std::move(usage);
    absl::StrAppend(&events, "data: ", Dump(json), "\n\n");
  };
  const auto chunk = [&](Json delta, Json finish_reason) {
    Json json = Head(bundle, created, "chat.completion.chunk");
    json["choices"] = Json::array({{{"index", 0},
                                    {"delta", std::move(delta)},
                                    {"logprobs", nullptr},
                                    {"finish_reason", std::move(finish_reason)}}});
    return json;
  };
  add(chunk({{"role", "assistant"}, {"content", ""}}, nullptr), nullptr);
  add(chunk({{"content", answer.text}}, nullptr), nullptr);
  Json last = chunk(Json::object(), FinishReason(answer));
  last["decent"] = DecentJson(bundle);
  add(std::move(last), nullptr);
  if (include_usage) {
    Json usage = Head(bundle, created, "chat.completion.chunk");
    usage["choices"] = Json::array();
    add(std::move(usage), UsageJson(bundle));
  }
  absl::StrAppend(&events, "data: [DONE]\n\n");
  return events;
}

ApiError AgreedFailure(const CheckedBundle& bundle) {
  const bool answers = bundle.verdict.outcome == Outcome::kTooFewAnswers;
  ApiError error{.status = 502, .type = "server_error"};
  error.code = std::string(OutcomeName(bundle.verdict.outcome));
  error.round = bundle.round;
  error.message = absl::StrCat(
      "the council agreed that the round failed: ",
      answers ? bundle.verdict.answer_count : bundle.verdict.sheet_count, " usable ",
      answers ? "answers" : "score sheets", ", ",
      bundle.roster.minimum(answers ? Phase::kAnswer : Phase::kSheet), " needed (round ",
      bundle.round.Hex(), ")");
  return error;
}

}  // namespace decentd
