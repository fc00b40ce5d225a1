#include "tests/sim/golden_runs.h"

#include <utility>

namespace decentd::sim {
namespace {

// Four nodes with equal links and models and disks that take no time, and one question. The winner
// is by the median of totals, which a reader can work out.
Plan Base() {
  Plan plan;
  plan.parameters.rule = Rule::kMedianOfTotals;
  plan.parameters.answer = plan.parameters.sheet = {2'000, 6'000, 1'000, 2'000};
  plan.longest_sync_ms = 0;
  plan.links = {5, 5, 0, 0};
  plan.models = {100, 100, 0, 0, 0};
  plan.questions = {{1'000, 0}};
  return plan;
}

Plan With(Fault fault) {
  Plan plan = Base();
  plan.faults = {std::move(fault)};
  return plan;
}

Plan With(Liar liar) {
  Plan plan = Base();
  plan.liars = {std::move(liar)};
  return plan;
}

constexpr ModelPlan kSilent{100, 100, 0, 0, 1'000}, kFails{100, 100, 1'000, 0, 0};

GoldenRun GoodCase() {
  return {"good_case",
          "Everything works: no input 0, no second round, no deadline.\n",
          Base(), Outcome::kDecided, 4, 4, {"phase closed by nobody"}};
}

GoldenRun SilentNode() {
  Plan plan = With(Liar{"silent", {3}});
  plan.seed = 2;  // by which it keeps its links
  return {"silent_node",
          "n3 keeps its links and says nothing. Each phase waits for its soft deadline, and the\n"
          "slot of n3 is decided 0 in the second round.\n",
          std::move(plan), Outcome::kDecided, 3, 3,
          {"phase closed by the soft deadline", "second round of binary agreement"}};
}

GoldenRun EquivocatingWorker() {
  return {"equivocating_worker",
          "n3 shows n0 and n2 another answer than n1, and another sheet. Neither finds q echoes,\n"
          "and the slots of n3 are out.\n",
          With(Liar{"equivocates", {3}}), Outcome::kDecided, 3, 3,
          {"phase closed by the soft deadline", "input 0"}};
}

GoldenRun EquivocationProved() {
  Plan plan = With(Liar{"equivocates", {3}});
  plan.faults = {{Fault::Type::kOneWay, 1'050, 1'700, {3}, {0}, 0}};
  return {"equivocation_proved",
          "As in equivocating_worker, but n0 is without its link with n3 when the answers come and\n"
          "asks n1 and n2 for that of n3. What they send is different: evidence, which goes on to\n"
          "everybody. With the echo of n0 one of the two answers has its certificate.\n",
          std::move(plan), Outcome::kDecided, 4, 3, {"evidence stored"}};
}

GoldenRun WithheldCertificate() {
  return {"withheld_certificate",
          "n3 shows its proposals to n0 and n1 and its votes to n0 alone, which alone completes\n"
          "the certificate. It announces it half a second after it has joined, and n1 and n2 ask.\n",
          With(Liar{"withholds", {3}}), Outcome::kDecided, 4, 4, {"certificate relayed"}};
}

GoldenRun ThirdRound() {
  Plan plan = With(Liar{"withholds", {3}});
  plan.only_workers = {3};
  plan.models_of = {{3, {1'995, 1'995, 0, 0, 0}}};
  return {"third_round",
          "n3 withholds and is late: n0 alone holds the certificate of A3 as the soft deadline\n"
          "passes. Its input is 1, that of n1 and n2 is 0, and their first round ends only when n0\n"
          "has given them the certificate: undecided. Round 2 finds 1 and may not decide it; round 3\n"
          "does.\n",
          std::move(plan), Outcome::kDecided, 4, 3,
          {"input 0", "phase closed by the soft deadline", "third round of binary agreement"}};
}

GoldenRun HardDeadline() {
  Plan plan = Base();
  plan.only_workers = {2, 3};
  plan.models_of = {{2, kSilent}, {3, kSilent}};
  return {"hard_deadline",
          "The models of n2 and n3 never come back. Two answers are below the gate of three, so\n"
          "the soft deadline closes nothing; the hard one does. n2 and n3 judge nothing.\n",
          std::move(plan), Outcome::kDecided, 2, 2, {"phase closed by the hard deadline"}};
}

GoldenRun AllAbstain() {
  Plan plan = Base();
  plan.models = kFails;
  return {"all_abstain",
          "No model answers. Abstains are agreed on like answers, and phase S does not begin.\n",
          std::move(plan), Outcome::kTooFewAnswers, 0, 0, {"abstention", "too_few_answers"}};
}

GoldenRun TooFewSheets() {
  Plan plan = Base();
  plan.only_evaluators = {2, 3};
  plan.models_of = {{2, kFails}, {3, kFails}};
  return {"too_few_sheets",
          "n0 and n1 answer and judge, n2 and n3 only judge, and their models fail: two sheets,\n"
          "and three are needed.\n",
          std::move(plan), Outcome::kTooFewSheets, 2, 2, {"abstention", "too_few_sheets"}};
}

GoldenRun Restart() {
  return {"restart",
          "n2 stops in the middle of the round. It comes back from its journal, says nothing again\n"
          "in other words, asks for what it missed and goes on.\n",
          With(Fault{Fault::Type::kCrash, 1'118, 1'400, {2}, {}, 0}), Outcome::kDecided, 4, 4,
          {"restart within a round"}};
}

GoldenRun RecordTakenOver() {
  return {"record_taken_over",
          "n3 is away from before the question until after the decision. The others go on when it\n"
          "has been without a link for absent_after, 2 s, and wait for no deadline; n3 takes the\n"
          "record over and signs nothing.\n",
          With(Fault{Fault::Type::kCrash, 500, 8'000, {3}, {}, 0}), Outcome::kDecided, 3, 3,
          {"phase closed by absence", "record taken over"}};
}

GoldenRun Partition() {
  return {"partition",
          "Two halves without a quorum for longer than the hard deadline. Their clocks stop 5 s\n"
          "after the last heartbeat of the other half, after the soft deadline and before the hard\n"
          "one, and the round goes on with everybody when the halves meet again.\n",
          With(Fault{Fault::Type::kCut, 1'050, 12'000, {0, 1}, {2, 3}, 0}), Outcome::kDecided, 4,
          4, {"phase closed by nobody"}};
}

GoldenRun LostDisk() {
  return {"lost_disk",
          "n2 loses its disk after its answer was certified. It sits the round out, for it cannot\n"
          "know what it said, and takes the record over when the others name it.\n",
          With(Fault{Fault::Type::kLostDisk, 1'150, 1'500, {2}, {}, 0}), Outcome::kDecided, 4, 3,
          {"record taken over"}};
}

GoldenRun OldCopy() {
  return {"old_copy",
          "n2 comes back with a disk from before its votes, meets what it signed and does not\n"
          "know, and votes no more.\n",
          With(Fault{Fault::Type::kOldCopy, 1'150, 1'500, {2}, {}, 60}), Outcome::kDecided, 4, 3,
          {"node halted", "record taken over"}};
}

}  // namespace

std::vector<GoldenRun> GoldenRuns() {
  return {GoodCase(),        SilentNode(), EquivocatingWorker(), EquivocationProved(),
          WithheldCertificate(), ThirdRound(), HardDeadline(),       AllAbstain(),
          TooFewSheets(),    Restart(),    RecordTakenOver(),    Partition(),
          LostDisk(),        OldCopy()};
}

}  // namespace decentd::sim
