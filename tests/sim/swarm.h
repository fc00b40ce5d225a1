// One seed run under all checkers, many seeds run at once, and a failure made small.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/sim/checkers.h"
#include "tests/sim/plan.h"

namespace decentd::sim {

struct Result {
  uint64_t seed = 0;
  std::vector<Violation> violations;
  std::map<std::string, uint64_t> reached;  // coverage.h
  uint64_t digest = 0, steps = 0, rounds = 0;
  int64_t simulated_ms = 0;
};

// Null: no text of the run.
Result RunPlan(const Plan& plan, std::ostream* text = nullptr);

// Runs seeds on `threads` threads, each with these changes, those whose plan is `wanted`, and gives
// each result, in any order, to `done`, which returns false to stop. `done` is never called by two threads at once.
void RunSeeds(uint64_t first, const Changes& changes,
              const std::function<bool(uint64_t seed)>& more,
              const std::function<bool(const Plan&)>& wanted, int threads,
              const std::function<bool(const Result&)>& done);
// The seed that this thread runs, for a crash of the code under test.
uint64_t SeedOfThisThread();

// Fewer nodes and fewer parts that still break the same claim, tried one after the other.
Changes Shrink(uint64_t seed, const Changes& changes, const std::string& claim);

// What to type to see this run again.
std::string ReplayLine(uint64_t seed, const Changes& changes);

}  // namespace decentd::sim
