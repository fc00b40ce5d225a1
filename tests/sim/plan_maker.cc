// From a seed to a plan. Each part is drawn from a stream of its own, so that a plan with another n
// or without some part stays close to the one it was made from.
#include <algorithm>
#include <numeric>

#include "tests/sim/adversaries.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"

namespace decentd::sim {
namespace {

enum class Kind { kCalm, kLossy, kCrashes, kCuts, kDisks, kForgotten, kLiars, kAll };

Kind DrawKind(Random random) {
  const uint64_t draw = random.Below(100);
  if (draw < 12) return Kind::kCalm;
  if (draw < 22) return Kind::kLossy;
  if (draw < 36) return Kind::kCrashes;
  if (draw < 49) return Kind::kCuts;
  if (draw < 55) return Kind::kDisks;
  if (draw < 60) return Kind::kForgotten;
  if (draw < 93) return Kind::kLiars;
  return Kind::kAll;
}

int DrawSize(Random random) {
  const uint64_t draw = random.Below(100);
  if (draw < 75) return 4;
  if (draw < 87) return 7;
  if (draw < 95) return std::array{1, 2, 3, 5, 6}[random.Below(5)];
  return draw < 98 ? 10 : 16;
}

// `count` distinct ones of the given nodes, ascending.
std::vector<int> Some(Random& random, std::vector<int> nodes, int count) {
  while (static_cast<int>(nodes.size()) > std::max(count, 0)) {
    nodes.erase(nodes.begin() + random.Index(static_cast<int>(nodes.size())));
  }
  return nodes;
}

// Two sides that cover all nodes, in one of ten cases with a node that belongs to both.
void Divide(Random& random, int n, Fault* fault) {
  for (int i = 0; i < n; ++i) (random.Chance(500) ? fault->nodes : fault->others).push_back(i);
  if (random.Chance(100)) {
    const int both = random.Index(n);
    for (std::vector<int>* side : {&fault->nodes, &fault->others}) {
      if (std::ranges::find(*side, both) == side->end()) side->push_back(both);
      std::ranges::sort(*side);
    }
  }
}

Fault DrawFault(Random& random, Kind kind, int n, const std::vector<int>& honest) {
  using Type = Fault::Type;
  Fault fault;
  fault.from_ms = random.Between(100, 6'000);
  fault.until_ms = fault.from_ms + random.Between(50, 5'000);
  if (kind == Kind::kAll) {
    kind = std::array{Kind::kLossy, Kind::kCrashes, Kind::kCuts, Kind::kDisks}[random.Below(4)];
  }
  const int some = 1 + random.Index(random.Chance(200) ? n : 1);
  switch (kind) {
    case Kind::kCrashes:
      fault.type = random.Chance(850) ? Type::kCrash : Type::kClockJump;
      if (random.Chance(150)) fault.until_ms += 20'000;  // past the deadlines
      fault.nodes = Some(random, honest, some);
      fault.amount = fault.type == Type::kClockJump ? random.Between(-200'000, 200'000) : 0;
      break;
    case Kind::kCuts:
      fault.type = random.Chance(650) ? Type::kCut : Type::kOneWay;
      if (random.Chance(250)) fault.until_ms += 25'000;
      Divide(random, n, &fault);
      break;
    case Kind::kDisks:
      fault.type = random.Chance(500) ? Type::kDiskFull : Type::kDiskBroken;
      fault.nodes = Some(random, honest, some);
      break;
    default:
      fault.type = random.Chance(500) ? Type::kSlow : Type::kBreakLinks;
      fault.amount = fault.type == Type::kSlow ? random.Between(50, 1'500) : 0;
      fault.nodes = Some(random, honest, some);
      break;
  }
  return fault;
}

Fault DrawForgetting(Random& random, const std::vector<int>& nodes) {
  Fault fault;
  fault.type = random.Chance(600) ? Fault::Type::kOldCopy : Fault::Type::kLostDisk;
  fault.from_ms = random.Between(600, 4'000);
  fault.until_ms = fault.from_ms + random.Between(50, 2'000);
  fault.nodes = nodes;
  fault.amount = fault.type == Fault::Type::kOldCopy ? random.Between(20, 1'500) : 0;
  return fault;
}

void DrawParameters(Random random, Kind kind, Plan* plan) {
  RosterParameters& p = plan->parameters;
  p.rule = static_cast<Rule>(1 + random.Below(8));
  p.criteria.resize(1 + random.Below(p.criteria.size()));
  for (PhaseDeadlines* phase : {&p.answer, &p.sheet}) {
    phase->soft_ms = static_cast<uint32_t>(random.Between(1'000, 4'000));
    phase->hard_ms = phase->soft_ms + static_cast<uint32_t>(random.Between(1'000, 8'000));
  }
  p.rounds_per_sponsor = plan->n > 7 ? 2 : 8;  // a flood of rounds costs n times n
  plan->real_signatures = plan->n <= 7 && random.Chance(10);
  plan->longest_sync_ms = random.Chance(700) ? 3 : 40;

  plan->links.longest_ms = std::array{5, 20, 20, 100, 400}[random.Below(5)];
  if (kind == Kind::kLossy || kind == Kind::kAll || random.Chance(100)) {
    plan->links.lost_permille = static_cast<int>(random.Below(200));
    plan->links.twice_permille = static_cast<int>(random.Below(200));
  }
  ModelPlan& models = plan->models;
  models.longest_ms = std::array{50, 300, 300, 1'500, 6'000}[random.Below(5)];
  if (kind != Kind::kCalm && random.Chance(350)) {
    models.fails_permille = std::array{0, 100, 500}[random.Below(3)];
    models.garbage_permille = static_cast<int>(random.Below(200));
    models.silent_permille = random.Chance(300) ? 150 : 0;
  }
}

// Some nodes have one role only; where a roster refuses the result, all keep both.
void DrawRoles(Random random, Plan* plan) {
  if (plan->n < 4 || !random.Chance(120)) return;
  for (int i = 0; i < plan->n; ++i) {
    if (random.Chance(250))
      (random.Chance(500) ? plan->only_workers : plan->only_evaluators).push_back(i);
  }
  const int workers = plan->n - static_cast<int>(plan->only_evaluators.size());
  const int evaluators = plan->n - static_cast<int>(plan->only_workers.size());
  if (workers >= 3 && evaluators >= 3) return;
  plan->only_workers.clear();
  plan->only_evaluators.clear();
}

void DrawLiars(Random random, const std::vector<int>& nodes, Plan* plan) {
  const std::vector<std::string>& strategies = Strategies();
  const auto draw = [&] { return strategies[random.Below(strategies.size())]; };
  if (random.Chance(500)) {
    plan->liars.push_back({draw(), nodes});  // a coalition
  } else {
    for (int node : nodes) plan->liars.push_back({draw(), {node}});
  }
  // Some delay what honest nodes tell each other for as long as a round may take.
  plan->held_up_until_ms = random.Between(2'000, 12'000);
  // Its trap closes in few of the worlds in which nothing else goes wrong, and in hardly any other.
  if (plan->n == 4 && random.Chance(80)) plan->liars = {{"divides", nodes}};
  if (plan->n == 4 && plan->liars.front().strategy == "divides") {
    plan->links = {.longest_ms = random.Chance(500) ? 5 : 20};
    plan->models = {.longest_ms = 300};
    plan->held_up_until_ms = 12'000;
  }
}

}  // namespace

Plan MakePlan(uint64_t seed, const Changes& changes) {
  const Random base(seed * 0x9e3779b97f4a7c15ull + 1);
  Plan plan;
  plan.seed = seed;
  plan.n = changes.n.value_or(DrawSize(base.Fork(1)));
  Kind kind = DrawKind(base.Fork(2));
  const int f = (plan.n - 1) / 3;
  if (changes.liars && kind == Kind::kForgotten) kind = Kind::kLiars;  // those count towards f too
  if (f == 0 && (kind == Kind::kLiars || kind == Kind::kForgotten)) kind = Kind::kCrashes;
  DrawParameters(base.Fork(3), kind, &plan);
  DrawRoles(base.Fork(4), &plan);

  std::vector<int> all(static_cast<size_t>(plan.n));
  std::iota(all.begin(), all.end(), 0);
  std::vector<int> faulty, honest;
  Random random = base.Fork(5);
  if (changes.liars) {
    faulty = Some(random, all, f);
  } else if (kind == Kind::kLiars || kind == Kind::kForgotten || (kind == Kind::kAll && f > 0)) {
    faulty = Some(random, all, 1 + random.Index(f));
  }
  std::ranges::set_difference(all, faulty, std::back_inserter(honest));
  if (kind == Kind::kForgotten) {
    plan.faults.push_back(DrawForgetting(random, faulty));
  } else if (changes.liars && !faulty.empty()) {
    plan.liars.push_back({*changes.liars, faulty});
  } else if (!faulty.empty()) {
    DrawLiars(base.Fork(6), faulty, &plan);
  }

  random = base.Fork(7);
  const int questions = plan.n > 7 ? 1 : 1 + random.Index(kind == Kind::kCalm ? 6 : 3);
  for (int i = 0; i < questions; ++i) {
    plan.questions.push_back({random.Between(200, kind == Kind::kCalm ? 700 : 4'000),
                              honest[random.Below(honest.size())]});
  }
  if (kind == Kind::kForgotten) {  // within a round
    Fault& fault = plan.faults.front();
    const int64_t length = fault.until_ms - fault.from_ms;
    fault.from_ms = plan.questions.front().at_ms + random.Between(20, plan.models.longest_ms + 500);
    fault.until_ms = fault.from_ms + length;
  }
  random = base.Fork(9);
  for (Question& question : plan.questions) {
    if (random.Chance(250)) question.committee = 1 + random.Index(plan.n);
  }
  random = base.Fork(8);
  int faults = 0;
  if (kind == Kind::kLiars || kind == Kind::kForgotten)
    faults = random.Chance(250) ? 1 : 0;
  else if (kind != Kind::kCalm)
    faults = 1 + random.Index(3);
  for (int i = 0; i < faults; ++i) {
    const bool other = kind == Kind::kLiars || kind == Kind::kForgotten;
    plan.faults.push_back(DrawFault(random, other ? Kind::kAll : kind, plan.n, honest));
  }

  const auto left_out = [&](char part, size_t i) {
    return changes.without.contains(part + std::to_string(i));
  };
  const auto keep = [&](auto& parts, char name) {
    std::decay_t<decltype(parts)> kept;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!left_out(name, i)) kept.push_back(std::move(parts[i]));
    }
    parts = std::move(kept);
  };
  keep(plan.questions, 'q');
  keep(plan.faults, 'f');
  keep(plan.liars, 'l');
  return plan;
}

}  // namespace decentd::sim
