#include "node/core/roster.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "node/core/bytes.h"
#include "node/core/check.h"
#include "node/core/limits.h"

namespace decentd {
namespace {

constexpr std::array<std::pair<Rule, std::string_view>, 8> kRuleNames{{
    {Rule::kGeometricMedian, "geometric_median"},
    {Rule::kCentredGeometricMedian, "centred_geometric_median"},
    {Rule::kDuels, "duels"},
    {Rule::kCoordinateMedian, "coordinate_median"},
    {Rule::kTrimmedMean, "trimmed_mean"},
    {Rule::kMedianOfTotals, "median_of_totals"},
    {Rule::kKrum, "krum"},
    {Rule::kUnsafeMean, "unsafe_mean"},
}};

bool IsNodeName(std::string_view name) {
  return !name.empty() && name.size() <= limits::kMaxNodeNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.';
         });
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string Number(uint64_t value) { return std::to_string(value); }

std::string NodeProblem(size_t index, const RosterNode& node) {
  const std::string where = "node " + Number(index);
  if (!IsNodeName(node.name)) {
    return where + ": the name must be 1 to " + Number(limits::kMaxNodeNameBytes) +
           " characters of a-z, 0-9, '-', '_' and '.'";
  }
  if (!node.worker && !node.evaluator) {
    return where + " (" + node.name + ") is neither worker nor evaluator; give it a role";
  }
  for (const std::string* label : {&node.owner, &node.model_family}) {
    if (label->size() > limits::kMaxLabelBytes || !IsPrintable(*label)) {
      return where + " (" + node.name + "): owner and model family must be at most " +
             Number(limits::kMaxLabelBytes) + " printable ASCII characters";
    }
  }
  return "";
}

std::string NodesProblem(const std::vector<RosterNode>& nodes) {
  if (nodes.empty()) return "the roster has no nodes; list at least one";
  if (nodes.size() > limits::kMaxNodes) {
    return "the roster has " + Number(nodes.size()) + " nodes; at most " +
           Number(limits::kMaxNodes) + " are possible";
  }
  std::set<std::string> names;
  std::map<PublicKey, std::string> keys;
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::string problem = NodeProblem(i, nodes[i]);
    if (!problem.empty()) return problem;
    if (!names.insert(nodes[i].name).second) {
      return "two nodes have the name " + nodes[i].name + "; names must be distinct";
    }
    auto [other, fresh] = keys.emplace(nodes[i].key, nodes[i].name);
    if (!fresh) {
      return "the nodes " + other->second + " and " + nodes[i].name + " have the same key " +
             nodes[i].key.Hex() + "; every node needs its own";
    }
  }
  return "";
}

std::string CriteriaProblem(const std::vector<std::string>& criteria) {
  if (criteria.empty() || criteria.size() > limits::kMaxCriteria) {
    return "there are " + Number(criteria.size()) + " criteria; expected 1 to " +
           Number(limits::kMaxCriteria);
  }
  std::set<std::string> seen;
  for (const std::string& criterion : criteria) {
    if (criterion.empty() || criterion.size() > limits::kMaxLabelBytes || !IsPrintable(criterion)) {
      return "a criterion's name must be 1 to " + Number(limits::kMaxLabelBytes) +
             " printable ASCII characters";
    }
    if (!seen.insert(criterion).second) return "the criterion " + criterion + " is listed twice";
  }
  return "";
}

std::string DeadlinesProblem(std::string_view phase, const PhaseDeadlines& d) {
  const std::string where = "deadlines of the " + std::string(phase) + " phase: ";
  if (d.min_soft_ms == 0 || d.min_hard_ms == 0) return where + "the lower bounds must be above 0";
  if (d.soft_ms < d.min_soft_ms || d.hard_ms < d.min_hard_ms) {
    return where + "soft " + Number(d.soft_ms) + " ms and hard " + Number(d.hard_ms) +
           " ms must not be below their lower bounds " + Number(d.min_soft_ms) + " ms and " +
           Number(d.min_hard_ms) + " ms";
  }
  if (d.hard_ms <= d.soft_ms) {
    return where + "hard (" + Number(d.hard_ms) + " ms) must be longer than soft (" +
           Number(d.soft_ms) + " ms)";
  }
  return "";
}

std::string ParametersProblem(const RosterParameters& p) {
  if (RuleName(p.rule).empty()) return "the aggregation rule is unknown";
  for (std::string problem : {CriteriaProblem(p.criteria), DeadlinesProblem("answer", p.answer),
                              DeadlinesProblem("sheet", p.sheet)}) {
    if (!problem.empty()) return problem;
  }
  if (p.absent_after_ms == 0) return "absent_after must be above 0 ms";
  if (p.hint_base_ms == 0) return "hint_base must be above 0 ms";
  if (p.longest_lifetime_ms == 0 || p.longest_lifetime_ms > limits::kMaxLifetimeMs) {
    return "the longest lifetime of a round must be 1 to " + Number(limits::kMaxLifetimeMs) + " ms";
  }
  if (p.rounds_per_sponsor == 0) return "rounds_per_sponsor must be at least 1";
  return "";
}

int LargestFaulty(int n, int panel) { return std::min((n - 1) / 3, (panel - 1) / 2); }

std::string PanelProblem(std::string_view role, int n, int panel, int faulty) {
  if (panel == 0) return "the roster has no " + std::string(role) + "; at least one node must be";
  const int most = LargestFaulty(n, panel);
  if (faulty != -1 && (faulty < 0 || faulty > most)) {
    return "faulty_" + std::string(role) + "s is " + std::to_string(faulty) + "; with " +
           std::to_string(n) + " nodes and " + std::to_string(panel) + " " + std::string(role) +
           "s it can be 0 to " + std::to_string(most) + ", or left out for the default";
  }
  return "";
}

}  // namespace

std::vector<std::string> PaperCriteria() {
  return {"factual_contradiction", "factual_fabrication", "instruction_inconsistency",
          "context_inconsistency", "logical_inconsistency"};
}

std::string RuleName(Rule rule) {
  for (const auto& [value, name] : kRuleNames) {
    if (value == rule) return std::string(name);
  }
  return "";
}

std::optional<Rule> RuleFromName(std::string_view name) {
  for (const auto& [value, known] : kRuleNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string Roster::Problem(const std::vector<RosterNode>& nodes, const RosterParameters& p) {
  for (std::string problem : {NodesProblem(nodes), ParametersProblem(p)}) {
    if (!problem.empty()) return problem;
  }
  const int n = static_cast<int>(nodes.size());
  const auto workers = std::count_if(nodes.begin(), nodes.end(), [](auto& x) { return x.worker; });
  const auto evaluators =
      std::count_if(nodes.begin(), nodes.end(), [](auto& x) { return x.evaluator; });
  std::string problem = PanelProblem("worker", n, static_cast<int>(workers), p.faulty_workers);
  if (!problem.empty()) return problem;
  return PanelProblem("evaluator", n, static_cast<int>(evaluators), p.faulty_evaluators);
}

Roster::Roster(uint32_t epoch, std::vector<RosterNode> nodes, RosterParameters parameters)
    : epoch_(epoch), nodes_(std::move(nodes)), parameters_(std::move(parameters)) {
  const std::string problem = Problem(nodes_, parameters_);
  // Configuration and FromCanonicalBytes ask Problem() first.
  Require(problem.empty(), "a Roster is made of valid parts: " + problem);
  for (uint16_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].worker) workers_.Add(NodeIndex{i});
    if (nodes_[i].evaluator) evaluators_.Add(NodeIndex{i});
  }
  // One honest answer is enough to choose from. Of evaluators a third, so that a round survives as
  // many missing ones as lying ones.
  faulty_workers_ = parameters_.faulty_workers >= 0 ? parameters_.faulty_workers
                                                    : LargestFaulty(n(), workers_.Size());
  faulty_evaluators_ = parameters_.faulty_evaluators >= 0
                           ? parameters_.faulty_evaluators
                           : std::min(f(), (evaluators_.Size() - 1) / 3);
  cluster_id_ = Sha256(CanonicalBytes());
}

Roster Roster::Committee(const RoundId& round, uint32_t size) const {
  Roster narrowed = *this;
  const int members = static_cast<int>(std::min<size_t>(size, limits::kMaxNodes));
  if (members == 0 || members >= std::max(workers_.Size(), evaluators_.Size())) return narrowed;
  // By lot, so that no node is asked more than another, and every node draws the same.
  std::vector<std::pair<Digest, NodeIndex>> lots;
  for (uint16_t i = 0; i < nodes_.size(); ++i) {
    ByteWriter out;
    out.Raw("decentd/committee");
    out.Raw(round.digest.View());
    out.U16(i);
    lots.emplace_back(Sha256(out.bytes()), NodeIndex{i});
  }
  std::sort(lots.begin(), lots.end());
  const auto narrow = [&](NodeSet& panel, int& faulty, int most_faulty) {
    if (panel.Size() <= members) return;
    NodeSet drawn;
    for (const auto& [lot, node] : lots) {
      if (panel.Has(node) && drawn.Size() < members) drawn.Add(node);
    }
    panel = drawn;
    faulty = std::min(faulty, most_faulty);
  };
  narrow(narrowed.workers_, narrowed.faulty_workers_, (members - 1) / 2);
  narrow(narrowed.evaluators_, narrowed.faulty_evaluators_, (members - 1) / 3);
  return narrowed;
}

const NodeSet& Roster::panel(Phase phase) const {
  return phase == Phase::kAnswer ? workers_ : evaluators_;
}

int Roster::panel_size(Phase phase) const { return panel(phase).Size(); }

int Roster::panel_faulty(Phase phase) const {
  return phase == Phase::kAnswer ? faulty_workers_ : faulty_evaluators_;
}

int Roster::minimum(Phase phase) const {
  const int faulty = panel_faulty(phase);
  if (phase == Phase::kAnswer) return faulty + 1;
  return std::max(2 * faulty + 1, panel_size(phase) / 2 + 1);
}

int Roster::gate(Phase phase) const {
  return std::max(panel_size(phase) - panel_faulty(phase), minimum(phase));
}

std::optional<NodeIndex> Roster::FindKey(const PublicKey& key) const {
  for (uint16_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].key == key) return NodeIndex{i};
  }
  return std::nullopt;
}

std::optional<NodeIndex> Roster::FindName(std::string_view name) const {
  for (uint16_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].name == name) return NodeIndex{i};
  }
  return std::nullopt;
}

}  // namespace decentd
