// The explorer as a program.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tests/sim/explore/binary_explorer.h"
#include "tests/sim/explore/set_explorer.h"

namespace decentd::explore {
namespace {

int Main(int argc, char** argv) {
  BinaryScope scope;
  SetScope set_scope;
  bool plain = false, no_certificate = false;
  bool set = false, plain_votes = false, one_proposal = false, no_votes = false;
  CLI::App app(
      "Explores every behaviour of four nodes, one of which lies, in one binary agreement\n"
      "or, with --set, in one agreement on the set of answers.");
  auto* of_set = app.add_flag("--set", set, "the agreement on a set: proposals, echoes, deadlines");
  std::string estimates;
  app.add_option("--rounds", scope.last, "binary rounds to explore, the first so many")
      ->check(CLI::Range(1u, kMostRounds))
      ->capture_default_str();
  app.add_option("--panel", set_scope.panel,
                 "who proposes: 1: only the liar; 2: the liar and one honest node")
      ->check(CLI::Range(1, kMostSlots))
      ->capture_default_str()
      ->needs(of_set);
  app.add_flag("--one-proposal", one_proposal, "the liar does not equivocate in its proposals")
      ->needs(of_set);
  app.add_flag("--no-votes", no_votes, "the liar is silent in binary agreements")->needs(of_set);
  app.add_option("--estimates", estimates,
                 "begin with the second round, to which the honest nodes come with these; e.g. 011")
      ->check([](const std::string& text) {
        const bool fits = text.size() == kHonest && text.find_first_not_of("01") == text.npos;
        return fits ? "" : "three estimates of 0 or 1";
      })
      ->excludes(of_set);
  app.add_flag("--no-certificate", no_certificate, "the slot has no certificate")
      ->excludes(of_set);
  app.add_flag("--plain", plain, "without the reductions, to compare");
  app.add_flag("--plain-votes", plain_votes, "without those of votes")->needs(of_set);
  app.add_option("--states", scope.bounds.states, "stop after so many states");
  app.add_option("--per-depth", scope.bounds.per_depth,
                 "go on from so many states of each number of steps only, to come to the end");
  CLI11_PARSE(app, argc, argv);
  scope.certificate = !no_certificate;
  scope.reduce = !plain;
  if (!estimates.empty()) scope.first = 2;
  for (size_t i = 0; i < estimates.size(); ++i) scope.estimates[i] = estimates[i] == '1';
  set_scope.rounds = scope.last;
  set_scope.reduce = !plain;
  set_scope.reduce_votes = !plain && !plain_votes;
  set_scope.bounds = scope.bounds;
  set_scope.two_proposals = !one_proposal;
  set_scope.liar_votes = !no_votes;

  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const bool show = isatty(STDERR_FILENO);
  const Progress progress = [&](uint64_t states) {
    if (!show) return;
    std::fprintf(stderr, "\r%.1f million states, %.0f s ", static_cast<double>(states) / 1e6,
                 seconds());
  };
  const Exploration result = set ? ExploreSet(set_scope, progress) : ExploreBinary(scope, progress);
  if (show) std::fprintf(stderr, "\n");
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%llu states (%zu of single nodes, %zu combinations of what was said), "
              "%llu transitions, %llu quiet, "
              "up to %u steps, %s, %.1f s, %ld MiB\n",
              (unsigned long long)result.states, result.node_states, result.said.size(),
              (unsigned long long)result.transitions, (unsigned long long)result.quiet,
              result.depth - 1, result.complete ? "complete" : "NOT complete", seconds(),
              usage.ru_maxrss / 1024);
  if (!result.finding) return 0;
  std::printf("FOUND: %s\n", result.finding->what.c_str());
  for (const std::string& step : result.finding->steps) std::printf("  %s\n", step.c_str());
  return 1;
}

}  // namespace
}  // namespace decentd::explore

int main(int argc, char** argv) { return decentd::explore::Main(argc, argv); }
