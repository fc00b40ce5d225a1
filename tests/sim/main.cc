// The simulator as a program; tests/sim/run builds and starts it.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tests/sim/adversaries.h"
#include "tests/sim/coverage.h"
#include "tests/sim/swarm.h"

namespace decentd::sim {
namespace {

struct Arguments {
  uint64_t seeds = 2000, first = 1;
  double hours = 0;
  std::optional<uint64_t> seed;
  Changes changes;
  std::vector<std::string> without;
  std::string strategy;
  bool trace = false, json = false, stop_at_first = false, no_coverage = false, digests = false;
  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int ReplayOne(Arguments& arguments) {
  arguments.changes.without.insert(arguments.without.begin(), arguments.without.end());
  const Plan plan = MakePlan(*arguments.seed, arguments.changes);
  std::cout << plan.Describe();
  const Result result = RunPlan(plan, arguments.trace ? &std::cout : nullptr);
  for (const Violation& v : result.violations) {
    std::cout << "VIOLATED at " << v.at_ms << " ms: " << v.claim << "\n  " << v.text << "\n";
  }
  std::cout << result.rounds << " rounds, " << result.steps << " steps, " << result.simulated_ms
            << " ms, transcript " << std::hex << result.digest << std::dec << "\n";
  return result.violations.empty() ? 0 : 1;
}

// A crash of the code under test names its seed.
void OnDeath(int signal) {
  char line[128];
  const int size = std::snprintf(line, sizeof line,
                                 "\ncrashed with signal %d in seed %llu\n", signal,
                                 static_cast<unsigned long long>(SeedOfThisThread()));
  if (write(STDERR_FILENO, line, static_cast<size_t>(size)) < 0) _exit(2);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void PrintFailure(const Result& result, const Changes& changes) {
  const Violation& v = result.violations.front();
  std::cout << "\nseed " << result.seed << " violates: " << v.claim << "\n  at " << v.at_ms
            << " ms: " << v.text << "\n  making it small ..." << std::endl;
  const Changes small = Shrink(result.seed, changes, v.claim);
  std::cout << MakePlan(result.seed, small).Describe() << "replay: "
            << ReplayLine(result.seed, small) << std::endl;
}

int Swarm(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const bool show = isatty(STDERR_FILENO) && !arguments.json;
  uint64_t runs = 0, rounds = 0, steps = 0;
  std::map<std::string, uint64_t> reached;
  std::vector<Result> failures;
  uint64_t digest = 0;
  const auto more = [&](uint64_t seed) {
    return arguments.hours > 0 ? SecondsSince(start) < arguments.hours * 3600
                               : seed < arguments.first + arguments.seeds;
  };
  const auto wanted = [&](const Plan& plan) {
    return arguments.strategy.empty() ||
           std::ranges::any_of(plan.liars, [&](const Liar& liar) {
             return liar.strategy == arguments.strategy;
           });
  };
  RunSeeds(arguments.first, arguments.changes, more, wanted, arguments.threads, [&](const Result& result) {
    ++runs;
    rounds += result.rounds;
    steps += result.steps;
    digest ^= result.digest * (2 * result.seed + 1);
    for (const auto& [branch, count] : result.reached) reached[branch] += count;
    if (arguments.digests) std::printf("%llu %016llx\n", (unsigned long long)result.seed,
                                       (unsigned long long)result.digest);
    if (!result.violations.empty()) failures.push_back(result);
    if (show && runs % 20 == 0) {
      std::fprintf(stderr, "\r%llu runs, %llu rounds, %.0f rounds/s, %zu branches, %zu failures ",
                   (unsigned long long)runs, (unsigned long long)rounds,
                   static_cast<double>(rounds) / SecondsSince(start), reached.size(),
                   failures.size());
    }
    return failures.empty() || !(arguments.stop_at_first || failures.size() >= 5);
  });
  if (show) std::fprintf(stderr, "\n");
  const double seconds = SecondsSince(start);

  std::vector<std::string> missed;
  for (const std::string& branch : ExpectedBranches()) {
    if (!reached.contains(branch)) missed.push_back(branch);
  }
  const bool judge_coverage = !arguments.no_coverage && failures.empty() && runs >= 1000;
  if (arguments.json) {
    nlohmann::json out = {{"runs", runs},       {"rounds", rounds}, {"steps", steps},
                          {"seconds", seconds}, {"reached", reached}, {"missed", missed}};
    out["failures"] = nlohmann::json::array();
    for (const Result& failure : failures) {
      out["failures"].push_back({{"seed", failure.seed},
                                 {"claim", failure.violations.front().claim},
                                 {"text", failure.violations.front().text}});
    }
    std::cout << out.dump(2) << "\n";
  } else {
    for (const auto& [branch, count] : reached) {
      std::printf("%7llu  %s\n", (unsigned long long)count, branch.c_str());
    }
    std::printf("%llu runs, %llu rounds, %llu steps in %.1f s: %.0f rounds/s, transcripts %016llx\n",
                (unsigned long long)runs, (unsigned long long)rounds, (unsigned long long)steps,
                seconds, static_cast<double>(rounds) / seconds, (unsigned long long)digest);
    if (judge_coverage) {
      for (const std::string& branch : missed) std::printf("NOT REACHED: %s\n", branch.c_str());
    }
    std::fflush(stdout);
    for (const Result& failure : failures) PrintFailure(failure, arguments.changes);
  }
  return failures.empty() && !(judge_coverage && !missed.empty()) ? 0 : 1;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Runs whole councils in a simulated hostile world and checks what docs/SPEC.md claims.");
  app.add_option("--seeds", arguments.seeds, "how many seeds to run")->capture_default_str();
  app.add_option("--first-seed", arguments.first, "the first of them")->capture_default_str();
  app.add_option("--hours", arguments.hours, "run for this long instead");
  app.add_option("--seed", arguments.seed, "run this one and tell about it");
  app.add_option("--nodes", arguments.changes.n, "this many nodes instead of the number drawn");
  app.add_option("--liars", arguments.changes.liars,
                 "as many liars as there may be, all of this kind, instead of those drawn")
      ->check(CLI::IsMember(Strategies()));
  app.add_option("--without", arguments.without, "with --seed: parts of its plan to leave out")
      ->delimiter(',');
  app.add_flag("--trace", arguments.trace, "with --seed: print what happens");
  app.add_flag("--json", arguments.json, "print the result as JSON");
  app.add_option("--strategy", arguments.strategy, "only seeds with a liar of this strategy")
      ->check(CLI::IsMember(Strategies()));
  app.add_flag("--stop-at-first", arguments.stop_at_first, "stop at the first failure");
  app.add_flag("--no-coverage", arguments.no_coverage, "do not fail for branches not reached");
  app.add_flag("--digests", arguments.digests, "print the digest of each run's transcript");
  app.add_option("--jobs", arguments.threads, "runs at a time")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, OnDeath);
  std::signal(SIGSEGV, OnDeath);
  return arguments.seed ? ReplayOne(arguments) : Swarm(arguments);
}

}  // namespace
}  // namespace decentd::sim

int main(int argc, char** argv) { return decentd::sim::Main(argc, argv); }
