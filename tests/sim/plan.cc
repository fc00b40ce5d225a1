#include "tests/sim/plan.h"

#include <algorithm>
#include <sstream>

#include "tests/sim/random.h"

namespace decentd::sim {
namespace {

const char* Name(Fault::Type type) {
  switch (type) {
    case Fault::Type::kCrash:
      return "crash";
    case Fault::Type::kCut:
      return "cut";
    case Fault::Type::kOneWay:
      return "one-way cut";
    case Fault::Type::kSlow:
      return "slow";
    case Fault::Type::kBreakLinks:
      return "links break";
    case Fault::Type::kDiskFull:
      return "disk full";
    case Fault::Type::kDiskBroken:
      return "disk broken";
    case Fault::Type::kOldCopy:
      return "old copy of the disk";
    case Fault::Type::kLostDisk:
      return "disk lost";
    case Fault::Type::kClockJump:
      return "clock jumps";
  }
  return "";
}

std::string List(const std::vector<int>& nodes) {
  std::string text;
  for (int node : nodes) text += (text.empty() ? "" : ",") + std::to_string(node);
  return text;
}

}  // namespace

int64_t Plan::HealedAt() const {
  int64_t healed = liars.empty() ? 0 : held_up_until_ms;
  for (const Question& question : questions) healed = std::max(healed, question.at_ms);
  for (const Fault& fault : faults) healed = std::max(healed, fault.until_ms);
  return healed;
}

std::set<int> Plan::Faulty() const {
  std::set<int> nodes;
  for (const Liar& liar : liars) nodes.insert(liar.nodes.begin(), liar.nodes.end());
  for (const Fault& fault : faults) {
    if (fault.type == Fault::Type::kOldCopy || fault.type == Fault::Type::kLostDisk) {
      nodes.insert(fault.nodes.begin(), fault.nodes.end());
    }
  }
  return nodes;
}

bool Plan::Lies(int node) const {
  return std::ranges::any_of(liars, [&](const Liar& liar) {
    return std::ranges::find(liar.nodes, node) != liar.nodes.end();
  });
}

const ModelPlan& Plan::ModelsOf(int node) const {
  const auto it = models_of.find(node);
  return it == models_of.end() ? models : it->second;
}

std::string Plan::Describe() const {
  std::ostringstream out;
  out << "seed " << seed << ": " << n << " nodes, " << RuleName(parameters.rule) << ", "
      << (real_signatures ? "Ed25519" : "stand-in signatures") << ", deadlines "
      << parameters.answer.soft_ms << "/" << parameters.answer.hard_ms << " and "
      << parameters.sheet.soft_ms << "/" << parameters.sheet.hard_ms << " ms\n";
  if (!only_workers.empty()) out << "  only workers " << List(only_workers) << "\n";
  if (!only_evaluators.empty()) out << "  only evaluators " << List(only_evaluators) << "\n";
  out << "  links " << links.shortest_ms << " to " << links.longest_ms << " ms, lost "
      << links.lost_permille << " and twice " << links.twice_permille << " of 1000\n"
      << "  models " << models.shortest_ms << " to " << models.longest_ms << " ms, of 1000 fail "
      << models.fails_permille << ", garbage " << models.garbage_permille << ", silent "
      << models.silent_permille << "\n";
  for (const auto& [node, model] : models_of) {
    out << "  models of " << node << ": " << model.shortest_ms << " to " << model.longest_ms
        << " ms, of 1000 fail " << model.fails_permille << ", garbage " << model.garbage_permille
        << ", silent " << model.silent_permille << "\n";
  }
  for (size_t i = 0; i < questions.size(); ++i) {
    out << "  q" << i << ": at " << questions[i].at_ms << " ms to node " << questions[i].node;
    if (questions[i].committee != 0) out << ", a committee of " << questions[i].committee;
    out << "\n";
  }
  for (size_t i = 0; i < faults.size(); ++i) {
    const Fault& fault = faults[i];
    out << "  f" << i << ": " << Name(fault.type) << " of " << List(fault.nodes);
    if (!fault.others.empty()) out << " | " << List(fault.others);
    if (fault.amount != 0) out << " by " << fault.amount << " ms";
    out << ", " << fault.from_ms << " to " << fault.until_ms << " ms\n";
  }
  for (size_t i = 0; i < liars.size(); ++i) {
    out << "  l" << i << ": " << liars[i].strategy << " " << List(liars[i].nodes) << "\n";
  }
  return out.str();
}

}  // namespace decentd::sim
