#include "node/gateway/decent_json.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicro = 1e6;
// A sheet is an outlier when it is further off than this many points, and than so many times the
// round's median sheet.
constexpr int64_t kOutlierMicroPoints = 1'000'000;
constexpr int64_t kOutlierTimes = 3;

// What a node claims beyond these is not believed: unknown. Sums of so many fit every client.
constexpr uint64_t kMostTokens = 1'000'000'000;
constexpr uint64_t kMostMicroUsd = 1'000'000'000'000;
constexpr uint64_t kMostMilliseconds = 1'000'000'000'000;

Usage Plausible(Usage usage) {
  const auto bound = [](std::optional<uint64_t>& claim, uint64_t most) {
    if (claim && *claim > most) claim.reset();
  };
  bound(usage.prompt_tokens, kMostTokens);
  bound(usage.completion_tokens, kMostTokens);
  bound(usage.cost_micro_usd, kMostMicroUsd);
  bound(usage.elapsed_ms, kMostMilliseconds);
  return usage;
}

Json Points(int64_t micro) { return static_cast<double>(micro) / kMicro; }

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

// Tokens and money of several calls.
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
  void Add(const UsageSum& other) {
    prompt += other.prompt;
    completion += other.completion;
    cost_micro_usd += other.cost_micro_usd;
    tokens_known = tokens_known && other.tokens_known;
    cost_known = cost_known && other.cost_known;
    any_cost = any_cost || other.any_cost;
  }
};

// Nothing used is nothing paid; null is for where nobody said.
Json CostJson(const UsageSum& sum) {
  if (!sum.any_cost && !sum.cost_known) return {};
  return static_cast<double>(sum.cost_micro_usd) / kMicro;
}

void AddUsage(const Usage& usage, Json& json) {
  json["prompt_tokens"] = OrNull(usage.prompt_tokens);
  json["completion_tokens"] = OrNull(usage.completion_tokens);
  json["cost_usd"] =
      usage.cost_micro_usd ? Json(static_cast<double>(*usage.cost_micro_usd) / kMicro) : Json();
  json["elapsed_ms"] = OrNull(usage.elapsed_ms);
}

// The parts of the aggregate by the nodes that they are about.
class Scores {
 public:
  explicit Scores(const CheckedBundle& bundle) : bundle_(bundle) {
    if (!bundle.aggregate) return;
    const AggregateResult& result = *bundle.aggregate;
    for (size_t place = 0; place < result.ranking.size(); ++place) {
      rank_[AnswerAt(result.ranking[place])] = place;
    }
    std::vector<int64_t> distances = result.sheet_distance;
    for (size_t i = 0; i < distances.size(); ++i) {
      sheet_[bundle.input->sheets[i].author] = i;
    }
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    outlier_above_ = std::max(kOutlierMicroPoints, kOutlierTimes * *middle);
  }

  void AddAnswer(NodeIndex author, Json& json) const {
    const auto found = rank_.find(author);
    const bool ranked = found != rank_.end();
    json["robust_score"] = ranked ? Points(ShownAt(found->second)) : Json();
    json["rank"] = ranked ? Json(found->second + 1) : Json();
  }

  void AddSheet(NodeIndex author, Json& json) const {
    const auto found = sheet_.find(author);
    const bool counted = found != sheet_.end();
    const int64_t distance = counted ? bundle_.aggregate->sheet_distance[found->second] : 0;
    json["distance"] = counted ? Points(distance) : Json();
    json["outlier"] = counted && distance > outlier_above_;
    json["prefers"] = Json::array();
    if (!counted) return;
    for (NodeIndex node : Preferred(found->second)) {
      json["prefers"].push_back(bundle_.roster.node(node).name);
    }
  }

  // Evaluators whose own sheet puts another answer first.
  Json Dissent() const {
    Json agents = Json::array();
    for (const auto& [author, i] : sheet_) {
      const std::vector<NodeIndex> preferred = Preferred(i);
      if (std::find(preferred.begin(), preferred.end(), Winner()) == preferred.end()) {
        agents.push_back(bundle_.roster.node(author).name);
      }
    }
    return {{"sheets", agents.size()}, {"agents", std::move(agents)}};
  }

  NodeIndex Winner() const { return AnswerAt(bundle_.aggregate->ranking.front()); }

 private:
  NodeIndex AnswerAt(size_t position) const { return bundle_.input->answers[position].author; }
  int64_t ShownAt(size_t place) const {
    return bundle_.aggregate->shown_scores[bundle_.aggregate->ranking[place]];
  }

  // The answers that this sheet gives the most points to.
  std::vector<NodeIndex> Preferred(size_t sheet) const {
    uint64_t most = 0;
    std::vector<NodeIndex> preferred;
    for (const SheetEntry& entry : bundle_.input->sheets[sheet].entries) {
      uint64_t total = 0;
      for (uint32_t score : entry.scores) total += score;
      if (total > most || preferred.empty()) preferred.clear();
      if (total >= most || preferred.empty()) preferred.push_back(entry.author);
      most = std::max(most, total);
    }
    return preferred;
  }

  const CheckedBundle& bundle_;
  std::map<NodeIndex, size_t> rank_, sheet_;
  int64_t outlier_above_ = 0;
};

const Propose* Find(const std::vector<std::pair<NodeIndex, Propose>>& slots, NodeIndex node) {
  for (const auto& [author, propose] : slots) {
    if (author == node) return &propose;
  }
  return nullptr;
}

// Whether the node asked its model before it abstained: then it may have cost something.
bool Called(const Abstain& abstain) {
  return abstain.reason != AbstainReason::kNotConfigured &&
         abstain.reason != AbstainReason::kOverBudget;
}

// What one node brought to one phase: null where the panel is without it, or the phase did not run.
Json PartJson(const CheckedBundle& bundle, Phase phase, NodeIndex node, const Scores& scores,
              UsageSum& sum) {
  const bool answers = phase == Phase::kAnswer;
  if (!bundle.roster.panel(phase).Has(node)) return {};
  if (!answers && bundle.verdict.outcome == Outcome::kTooFewAnswers) return {};
  const Propose* propose = Find(answers ? bundle.answers : bundle.sheets, node);
  Json json = {{"status", propose == nullptr  ? "missing"
                          : propose->usable() ? "usable"
                                              : "abstained"},
               {"reason", nullptr},
               {"detail", nullptr}};
  Usage usage;
  bool called = true;
  std::string maker, finish_reason;
  if (propose == nullptr) {
    json["reason"] = "not_certified_in_time";
  } else if (const auto* abstain = std::get_if<Abstain>(&propose->payload)) {
    json["reason"] = AbstainReasonName(abstain->reason);
    if (!abstain->detail.empty()) json["detail"] = abstain->detail;
    called = Called(*abstain);
  } else if (const auto* answer = std::get_if<Answer>(&propose->payload)) {
    maker = answer->model;
    finish_reason = answer->finish_reason;
    usage = Plausible(answer->usage);
  } else if (const auto* sheet = std::get_if<Sheet>(&propose->payload)) {
    maker = sheet->scorer;
    usage = Plausible(sheet->usage);
  }
  json[answers ? "model" : "scorer"] = maker.empty() ? Json() : Json(maker);
  if (answers) json["finish_reason"] = finish_reason.empty() ? Json() : Json(finish_reason);
  answers ? scores.AddAnswer(node, json) : scores.AddSheet(node, json);
  AddUsage(usage, json);
  if (called) sum.Add(usage);
  return json;
}

Json AgentsJson(const CheckedBundle& bundle, const Scores& scores, UsageSum& total) {
  Json agents = Json::array();
  (bundle.roster.panel(Phase::kAnswer) | bundle.roster.panel(Phase::kSheet))
      .ForEach([&](NodeIndex node) {
        UsageSum sum;
        Json agent = {{"agent", bundle.roster.node(node).name}, {"index", node.value}};
        agent["answer"] = PartJson(bundle, Phase::kAnswer, node, scores, sum);
        agent["sheet"] = PartJson(bundle, Phase::kSheet, node, scores, sum);
        agent["prompt_tokens"] = sum.tokens_known ? Json(sum.prompt) : Json();
        agent["completion_tokens"] = sum.tokens_known ? Json(sum.completion) : Json();
        agent["cost_usd"] = CostJson(sum);
        agent["cost_known"] = sum.cost_known;
        agents.push_back(std::move(agent));
        total.Add(sum);
      });
  return agents;
}

// Members of the panels without a usable contribution, and why.
Json MissingJson(const Json& agents) {
  Json missing = Json::array();
  for (const char* what : {"answer", "sheet"}) {
    for (const Json& agent : agents) {
      const Json& part = agent[what];
      if (part.is_null() || part["status"] == "usable") continue;
      missing.push_back({{"agent", agent["agent"]}, {"missing", what}, {"reason", part["reason"]}});
    }
  }
  return missing;
}

}  // namespace

Json DecentJson(const CheckedBundle& bundle) {
  const Verdict& verdict = bundle.verdict;
  const Scores scores(bundle);
  const bool decided = bundle.aggregate.has_value();
  Json json = {
      {"round_id", bundle.round.Hex()},
      {"cluster_id", bundle.roster.cluster_id().Hex()},
      {"roster_epoch", bundle.roster.epoch()},
      {"status", OutcomeName(verdict.outcome)},
      {"rule", RuleName(verdict.rule)},
      {"answers", {{"received", verdict.answer_count}, {"expected", verdict.workers}}},
      {"sheets", {{"received", verdict.sheet_count}, {"expected", verdict.evaluators}}},
      {"winner", decided ? Json(bundle.roster.node(scores.Winner()).name) : Json()},
      {"robust_score", Json()},
      {"flip_margin", decided ? Json(bundle.aggregate->flip_margin) : Json()},
      {"certificate", static_cast<int>(bundle.decisions.size()) >= bundle.roster.quorum() &&
                          bundle.authenticated}};
  if (decided) {
    json["robust_score"] =
        Points(bundle.aggregate->shown_scores[bundle.aggregate->ranking.front()]);
  }
  json["dissent"] = scores.Dissent();
  UsageSum usage;
  json["agents"] = AgentsJson(bundle, scores, usage);
  json["missing_agents"] = MissingJson(json["agents"]);
  json["usage"] = {{"prompt_tokens", usage.prompt},
                   {"completion_tokens", usage.completion},
                   {"total_tokens", usage.prompt + usage.completion}};
  json["usage_known"] = usage.tokens_known;
  json["cost_usd"] = CostJson(usage);
  json["cost_known"] = usage.cost_known;
  return json;
}

}  // namespace decentd
