// Thousands of rounds in one simulated world, with retention, crashes and a liar, and a look now
// and then at what a node keeps: nothing may grow without bound. tests/sim/run --soak builds,
// starts and plots it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "node/core/limits.h"
#include "node/runtime/keys.h"
#include "tests/sim/checkers.h"
#include "tests/sim/heap_account.h"

namespace decentd::sim {
namespace {

constexpr int kNodes = 4;
constexpr int kSteady = 2;  // this node never stops, so that what a process gathers is seen
constexpr int kLiar = 3;
constexpr int64_t kFirstMs = 2'000;
constexpr int64_t kApartMs = 2'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int kRoundsPerCrash = 25;
constexpr size_t kShown = 5;  // violations

// What is looked at, and how much more of it the last third of a run may show than the middle one.
// The most: a tenth, and `chance`, which is what some rounds more make that happen to be open. The
// median, which shows what grows slowly: a twentieth, and an eighth of that. Up to `bound` it may
// still fill.
struct Quantity {
  const char* name;
  double chance;
  double bound = 0;
};
constexpr std::array kQuantities = {
    Quantity{"database, KiB", 64}, Quantity{"journal of open rounds, KiB", 256},
    Quantity{"records", 10},       Quantity{"tombstones", 10},
    Quantity{"evidence", 0, limits::kMaxEvidenceHeldPerAuthor},
    Quantity{"open rounds", 8},
    Quantity{"memory, KiB", 128},
};
enum : size_t { kDatabase, kJournal, kRecords, kTombstones, kEvidence, kOpen, kMemory };

struct Sample {
  uint64_t round = 0;
  int64_t at_ms = 0;
  std::array<double, kQuantities.size()> values{};  // the most that an honest node has
};

// Small numbers, so that every bound is reached in a short run; the code that keeps to them is the
// daemon's.
Plan MakeSoak(uint64_t rounds, uint64_t seed, const std::string& liar) {
  Plan plan;
  plan.seed = seed;
  plan.n = kNodes;
  plan.links.longest_ms = 10;
  plan.links.lost_permille = 2;
  plan.models.longest_ms = 200;
  plan.models.fails_permille = 20;
  plan.keep.retention = {.rounds = 120, .age_ms = 10 * kMinuteMs, .tombstones = 60};
  plan.keep.lifetime_ms = kMinuteMs;
  plan.keep.verifier_cache = 1 << 10;
  plan.parameters.answer = {1'000, 3'000, 500, 1'000};
  plan.parameters.sheet = {1'000, 3'000, 500, 1'000};
  plan.parameters.longest_lifetime_ms = 5 * kMinuteMs;
  plan.liars.push_back({liar, {kLiar}});
  for (uint64_t i = 0; i < rounds; ++i) {
    plan.questions.push_back(
        {kFirstMs + static_cast<int64_t>(i) * kApartMs, static_cast<int>(i % kLiar)});
  }
  Random random(seed);
  for (uint64_t i = kRoundsPerCrash; i < rounds; i += kRoundsPerCrash) {
    Fault fault;
    fault.from_ms = kFirstMs + static_cast<int64_t>(i) * kApartMs + random.Between(0, kApartMs);
    // Now and then for so long that rounds are over, and one more is named, before it is back.
    fault.until_ms = fault.from_ms + (i % 4 == 0 ? 70'000 : random.Between(100, 8'000));
    fault.nodes = {static_cast<int>(i / kRoundsPerCrash % kSteady)};
    if (i % 7 == 0) fault.type = Fault::Type::kBreakLinks;
    plan.faults.push_back(fault);
  }
  return plan;
}

class Sampler final : public Observer {
 public:
  Sampler(const World& world, uint64_t every) : world_(world), every_(every) {}

  void OnStepped(const Node&) override {
    if (world_.rounds().size() < next_) return;
    next_ += every_;
    Sample sample{world_.rounds().size(), world_.now_ms(), {}};
    for (int i = 0; i < world_.plan().n; ++i) {
      if (world_.honest(i)) Look(world_.node(i), &sample);
    }
    sample.values[kMemory] = static_cast<double>(HeapAccount::Held(kSteady)) / 1024;
    samples_.push_back(sample);
  }
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  static void Look(const Node& node, Sample* sample) {
    std::array<double, kQuantities.size()> values{};
    const absl::Status status =
        node.disk().Scan("", "", false, [&](std::string_view key, std::string_view value) {
          const double size = static_cast<double>(key.size() + value.size()) / 1024;
          values[kDatabase] += size;
          if (key.starts_with(keys::kJournal)) values[kJournal] += size;
          values[kRecords] += key.starts_with(keys::kSummary);
          values[kTombstones] += key.starts_with(keys::kTombstone);
          values[kEvidence] += key.starts_with(keys::kEvidence);
          return true;
        });
    if (!status.ok()) return;
    if (node.up()) values[kOpen] = static_cast<double>(node.replica().open_rounds());
    for (size_t i = 0; i < values.size(); ++i) {
      sample->values[i] = std::max(sample->values[i], values[i]);
    }
  }

  const World& world_;
  const uint64_t every_;
  uint64_t next_ = 1;
  std::vector<Sample> samples_;
};

struct Third {
  double most = 0, median = 0;
};
struct Growth {
  std::string quantity;
  Third middle, last;
  bool bounded = true;
};

Third Summarise(const std::vector<Sample>& samples, size_t from, size_t until, size_t quantity) {
  std::vector<double> values;
  for (size_t at = from; at < until; ++at) values.push_back(samples[at].values[quantity]);
  if (values.empty()) return {};
  std::ranges::sort(values);
  return {values.back(), values[values.size() / 2]};
}

std::vector<Growth> Judge(const std::vector<Sample>& samples) {
  std::vector<Growth> all;
  const size_t third = samples.size() / 3;
  for (size_t i = 0; i < kQuantities.size(); ++i) {
    const auto& [name, chance, bound] = kQuantities[i];
    const size_t last = samples.size() - third;
    Growth growth{name, Summarise(samples, third, last, i),
                  Summarise(samples, last, samples.size(), i)};
    growth.bounded =
        growth.last.most <= std::max(growth.middle.most * 1.1 + chance, bound) &&
        growth.last.median <= std::max(growth.middle.median * 1.05 + chance / 8, bound);
    all.push_back(growth);
  }
  return all;
}

nlohmann::json ToJson(const std::vector<Sample>& samples) {
  nlohmann::json out = {{"round", nlohmann::json::array()}, {"hours", nlohmann::json::array()}};
  for (const Sample& sample : samples) {
    out["round"].push_back(sample.round);
    out["hours"].push_back(static_cast<double>(sample.at_ms) / 3'600'000);
    for (size_t i = 0; i < kQuantities.size(); ++i) {
      out["quantities"][kQuantities[i].name].push_back(sample.values[i]);
    }
  }
  return out;
}

int Main(int argc, char** argv) {
  uint64_t rounds = 5'000, every = 10, seed = 1;
  std::string liar = "twins";
  bool json = false;
  CLI::App app("Runs many rounds in one simulated world; fails if something grows without bound.");
  app.add_option("--rounds", rounds, "questions that are asked")->capture_default_str();
  app.add_option("--every", every, "rounds between two looks")->capture_default_str();
  app.add_option("--seed", seed, "of the run")->capture_default_str();
  app.add_option("--liar", liar, "what node 3 does")
      ->check(CLI::IsMember(Strategies()))
      ->capture_default_str();
  app.add_flag("--json", json, "print the samples as JSON");
  CLI11_PARSE(app, argc, argv);

  const auto start = std::chrono::steady_clock::now();
  std::vector<Violation> violations;
  World world(MakeSoak(rounds, seed, liar));
  Sampler sampler(world, every);
  const Checkers checkers = MakeCheckers(world, &violations);
  world.Watch(sampler);
  for (const auto& checker : checkers) world.Watch(*checker);
  world.Run();

  const std::vector<Growth> growth = Judge(sampler.samples());
  bool good = violations.empty();
  FILE* const text = json ? stderr : stdout;
  for (size_t i = 0; i < std::min(violations.size(), kShown); ++i) {
    const Violation& v = violations[i];
    std::fprintf(text, "VIOLATED at %lld ms: %s\n  %s\n", static_cast<long long>(v.at_ms),
                 v.claim.c_str(), v.text.c_str());
  }
  if (violations.size() > kShown) std::fprintf(text, "and %zu more\n", violations.size() - kShown);
  std::fprintf(text, "%-28s %20s %20s\n", "most (median) of", "middle third", "last third");
  for (const Growth& g : growth) {
    good &= g.bounded;
    std::fprintf(text, "%-28s %12.0f (%5.0f) %12.0f (%5.0f)%s\n", g.quantity.c_str(),
                 g.middle.most, g.middle.median, g.last.most, g.last.median,
                 g.bounded ? "" : "   GROWS");
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::fprintf(text, "%zu rounds, node %d %s, %.1f hours in %.0f s\n", world.rounds().size(), kLiar,
               liar.c_str(), static_cast<double>(world.now_ms()) / 3'600'000, seconds.count());
  if (json) std::cout << ToJson(sampler.samples()).dump() << "\n";
  return good ? 0 : 1;
}

}  // namespace
}  // namespace decentd::sim

int main(int argc, char** argv) { return decentd::sim::Main(argc, argv); }
