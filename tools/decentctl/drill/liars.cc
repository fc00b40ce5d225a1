#include "tools/decentctl/drill/liars.h"

#include <algorithm>

#include "node/config/text.h"
#include "tools/decentctl/bundle_report.h"

namespace decentd::drill {
namespace {

const Answer* AnswerOf(const Propose& propose) { return std::get_if<Answer>(&propose.payload); }

// What the first of the phase that abstained said, for it is most often all of them.
std::string FirstAbstention(const CheckedBundle& bundle,
                            const std::vector<std::pair<NodeIndex, Propose>>& slots) {
  for (const auto& [author, propose] : slots) {
    const auto* abstain = std::get_if<Abstain>(&propose.payload);
    if (abstain == nullptr) continue;
    return Concat("; ", bundle.roster.node(author).name, " abstained: ", abstain->detail);
  }
  return "";
}

std::string WhyNone(const CheckedBundle& bundle) {
  const Verdict& verdict = bundle.verdict;
  if (verdict.outcome == Outcome::kTooFewAnswers) {
    return Concat("too few answers: ", verdict.answer_count, " of ", verdict.workers, ", ",
                  bundle.roster.minimum(Phase::kAnswer), " needed",
                  FirstAbstention(bundle, bundle.answers));
  }
  return Concat("too few score sheets: ", verdict.sheet_count, " of ", verdict.evaluators, ", ",
                bundle.roster.minimum(Phase::kSheet), " needed", FirstAbstention(bundle, bundle.sheets));
}

}  // namespace

std::vector<RosterNode> NodesLike(const Roster& real, int count) {
  std::vector<RosterNode> nodes;
  for (int i = 0; i < count; ++i) {
    RosterNode node = real.nodes()[static_cast<size_t>(i % real.n())];
    node.key = PublicKey{};
    node.addresses.clear();
    if (i >= real.n()) Append(node.name, "-", i / real.n() + 1);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::vector<NodeIndex> LiarsInOrder(const Roster& roster) {
  std::vector<NodeIndex> both, workers, evaluators;
  for (int i = roster.n() - 1; i >= 0; --i) {
    const NodeIndex index{static_cast<uint16_t>(i)};
    const RosterNode& node = roster.node(index);
    (node.worker && node.evaluator ? both : node.worker ? workers : evaluators).push_back(index);
  }
  std::vector<NodeIndex> order = both;
  auto next_worker = workers.begin();
  // Without an answer of theirs liars would have nothing to win with.
  if (both.empty() && next_worker != workers.end()) order.push_back(*next_worker++);
  order.insert(order.end(), evaluators.begin(), evaluators.end());
  order.insert(order.end(), next_worker, workers.end());
  return order;
}

int Withstands(const Roster& roster, const std::vector<NodeIndex>& order) {
  int all = 0, workers = 0, evaluators = 0;
  for (const NodeIndex liar : order) {
    workers += roster.node(liar).worker;
    evaluators += roster.node(liar).evaluator;
    if (all + 1 > roster.f() || workers > roster.panel_faulty(Phase::kAnswer) ||
        evaluators > roster.panel_faulty(Phase::kSheet)) {
      break;
    }
    ++all;
  }
  return all;
}

DrillRound HowItEnded(const CheckedBundle& bundle, const std::set<NodeIndex>& liars) {
  DrillRound round;
  if (bundle.verdict.outcome != Outcome::kDecided) {
    round.reason = WhyNone(bundle);
    return round;
  }
  // Equal texts have different authors, so the winner's place is looked up, not its text.
  const size_t place = bundle.aggregate->ranking.front();
  const NodeIndex winner = bundle.input->answers[place].author;
  round.winner = bundle.roster.node(winner).name;
  round.winner_is_liar = liars.contains(winner);
  round.answer = *WinningText(bundle);
  const bool is_honest = std::ranges::any_of(bundle.answers, [&](const auto& slot) {
    const Answer* answer = AnswerOf(slot.second);
    return !liars.contains(slot.first) && answer != nullptr && answer->text == round.answer;
  });
  round.end = is_honest ? RoundEnd::kHonestWon : RoundEnd::kLiarsWon;
  return round;
}

}  // namespace decentd::drill
