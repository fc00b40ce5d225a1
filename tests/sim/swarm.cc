#include "tests/sim/swarm.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "tests/sim/coverage.h"
#include "tests/sim/run_digest.h"
#include "tests/sim/transcript.h"
#include "tests/sim/world.h"

namespace decentd::sim {

namespace {

thread_local uint64_t seed_of_this_thread = 0;

}  // namespace

Result RunPlan(const Plan& plan, std::ostream* text) {
  Result result;
  World world(plan);
  RunDigest digest(world);
  std::optional<Transcript> transcript;
  if (text != nullptr) transcript.emplace(world, *text);
  Coverage coverage;
  const Checkers checkers = MakeCheckers(world, &result.violations);
  world.Watch(digest);
  if (transcript) world.Watch(*transcript);
  world.Watch(coverage);
  for (const auto& checker : checkers) world.Watch(*checker);
  world.Run();
  result.seed = plan.seed;
  result.reached = coverage.reached();
  result.digest = digest.value();
  result.steps = world.steps();
  result.rounds = world.rounds().size();
  result.simulated_ms = world.now_ms();
  return result;
}

uint64_t SeedOfThisThread() { return seed_of_this_thread; }

void RunSeeds(uint64_t first, const Changes& changes,
              const std::function<bool(uint64_t seed)>& more,
              const std::function<bool(const Plan&)>& wanted, int threads,
              const std::function<bool(const Result&)>& done) {
  std::mutex mutex;  // guards next, stopped and the calls of done
  uint64_t next = first;
  bool stopped = false;
  const auto work = [&] {
    for (;;) {
      uint64_t seed;
      {
        const std::lock_guard lock(mutex);
        if (stopped || !more(next)) return;
        seed = next++;
      }
      seed_of_this_thread = seed;
      const Plan plan = MakePlan(seed, changes);
      if (!wanted(plan)) continue;
      const Result result = RunPlan(plan);
      const std::lock_guard lock(mutex);
      if (!stopped && !done(result)) stopped = true;
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
}

Changes Shrink(uint64_t seed, const Changes& changes, const std::string& claim) {
  const auto fails = [&](const Changes& tried) {
    const Plan plan = MakePlan(seed, tried);
    if (plan.questions.empty()) return false;
    const Result result = RunPlan(plan);
    return std::ranges::any_of(result.violations,
                               [&](const Violation& v) { return v.claim == claim; });
  };
  Changes best = changes;
  const Plan plan = MakePlan(seed, changes);
  for (const int n : {4, 7, 10}) {
    if (n >= plan.n) break;
    Changes fewer = best;
    fewer.n = n;
    if (fails(fewer)) {
      best = fewer;
      break;
    }
  }
  // Names count the parts of the whole plan; those that are out already are not tried.
  const Plan whole = MakePlan(seed, {best.n, best.liars, {}});
  for (const auto& [name, count] : {std::pair('f', whole.faults.size()),
                                    std::pair('l', whole.liars.size()),
                                    std::pair('q', whole.questions.size())}) {
    for (size_t i = 0; i < count; ++i) {
      Changes fewer = best;
      if (fewer.without.insert(name + std::to_string(i)).second && fails(fewer)) best = fewer;
    }
  }
  return best;
}

std::string ReplayLine(uint64_t seed, const Changes& changes) {
  std::string line = "tests/sim/run --seed " + std::to_string(seed);
  if (changes.n) line += " --nodes " + std::to_string(*changes.n);
  if (changes.liars) line += " --liars '" + *changes.liars + "'";
  std::string parts;
  for (const std::string& part : changes.without) parts += (parts.empty() ? "" : ",") + part;
  if (!parts.empty()) line += " --without " + parts;
  return line + " --trace";
}

}  // namespace decentd::sim
