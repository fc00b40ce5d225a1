#include "node/config/roster_words.h"

#include <vector>

#include "nlohmann/json.hpp"
#include "node/config/text.h"

namespace decentd {
namespace {

std::string Count(int count, std::string_view one) {
  return Concat(count, " ", one, count == 1 ? "" : "s");
}

std::string Survives(const Roster& roster) {
  if (roster.f() == 0) return "survives none that lies or is down";
  return Concat("survives ", roster.f(),
                roster.f() == 1 ? " that lies or is down" : " that lie or are down");
}

std::vector<std::string> Warnings(const Roster& roster) {
  std::vector<std::string> warnings;
  if (roster.n() < 4) {
    warnings.push_back(Concat("with ", Count(roster.n(), "node"),
                              " the council survives none that lies or is down; "
                              "4 nodes survive 1, 7 survive 2"));
  } else if (roster.panel_faulty(Phase::kSheet) == 0) {
    warnings.push_back(Concat(
        "with ", Count(roster.panel_size(Phase::kSheet), "evaluator"),
        " a single one that lies can choose the winner; give 4 or more nodes the role evaluator"));
  }
  if (roster.n() >= 4 && roster.panel_faulty(Phase::kAnswer) == 0) {
    warnings.push_back(Concat("with ", Count(roster.panel_size(Phase::kAnswer), "worker"),
                              " no answer is sure to be honest; give 3 or more nodes the "
                              "role worker"));
  }
  if (roster.parameters().rule == Rule::kUnsafeMean) {
    warnings.push_back(
        "the rule unsafe_mean lets a single evaluator choose the winner; "
        "it is for comparisons, use geometric_median");
  }
  return warnings;
}

std::string WorkersInWords(const Roster& roster) {
  const int faulty = roster.panel_faulty(Phase::kAnswer);
  return Concat(Count(roster.panel_size(Phase::kAnswer), "worker"), ": the council waits for ",
                roster.gate(Phase::kAnswer), " of their answers, up to the deadlines, and needs ",
                roster.minimum(Phase::kAnswer),
                faulty == 0 ? ""
                            : Concat(" (of which at most ", faulty, faulty == 1 ? " is" : " are",
                                     " from a liar)"));
}

std::string EvaluatorsInWords(const Roster& roster) {
  const int faulty = roster.panel_faulty(Phase::kSheet);
  return Concat(Count(roster.panel_size(Phase::kSheet), "evaluator"), ": the winner stands if ",
                faulty == 0 ? std::string("none lies")
                            : Concat("at most ", faulty,
                                     faulty == 1 ? " lies or is missing" : " lie or are missing"),
                "; the council waits for ", roster.gate(Phase::kSheet),
                " score sheets, up to the deadlines, and needs ", roster.minimum(Phase::kSheet));
}

std::string Roles(const RosterNode& node) {
  if (node.worker && node.evaluator) return "worker, evaluator";
  return node.worker ? "worker" : "evaluator";
}

nlohmann::json PanelInJson(const Roster& roster, Phase phase) {
  return {{"size", roster.panel_size(phase)},
          {"faulty", roster.panel_faulty(phase)},
          {"gate", roster.gate(phase)},
          {"minimum", roster.minimum(phase)}};
}

}  // namespace

std::string RosterInWords(const Roster& roster) {
  std::string text = Concat(
      "cluster id   ", roster.cluster_id().Hex(), "\nepoch        ", roster.epoch(),
      "\nrule         ", RuleName(roster.parameters().rule), "\n\n", Count(roster.n(), "node"),
      ": ", Survives(roster), "\nquorum ", roster.quorum(), ": ",
      roster.quorum() == 1 ? "1 node signs" : Concat(roster.quorum(), " nodes sign"),
      " what counts as certain; rounds go on while ", roster.n() - roster.f(),
      " reach each other\n", WorkersInWords(roster), "\n", EvaluatorsInWords(roster), "\n\n");
  for (int i = 0; i < roster.n(); ++i) {
    const RosterNode& node = roster.node(NodeIndex{static_cast<uint16_t>(i)});
    Append(text, i, "  ", node.name, "  ", Join(node.addresses, ", "), "  ", Roles(node));
    if (!node.owner.empty()) Append(text, "  owner ", node.owner);
    if (!node.model_family.empty()) Append(text, "  family ", node.model_family);
    Append(text, "\n   key ", node.key.Hex(), "\n");
  }
  for (const std::string& warning : Warnings(roster)) {
    Append(text, "\nwarning: ", warning, "\n");
  }
  return text;
}

std::string RosterInJson(const Roster& roster) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const RosterNode& node : roster.nodes()) {
    nodes.push_back({{"name", node.name},
                     {"key", node.key.Hex()},
                     {"addresses", node.addresses},
                     {"worker", node.worker},
                     {"evaluator", node.evaluator},
                     {"owner", node.owner},
                     {"family", node.model_family}});
  }
  const nlohmann::json json = {{"cluster_id", roster.cluster_id().Hex()},
                               {"epoch", roster.epoch()},
                               {"n", roster.n()},
                               {"f", roster.f()},
                               {"quorum", roster.quorum()},
                               {"workers", PanelInJson(roster, Phase::kAnswer)},
                               {"evaluators", PanelInJson(roster, Phase::kSheet)},
                               {"rule", RuleName(roster.parameters().rule)},
                               {"criteria", roster.parameters().criteria},
                               {"nodes", std::move(nodes)},
                               {"warnings", Warnings(roster)}};
  return json.dump(2) + "\n";
}

}  // namespace decentd
