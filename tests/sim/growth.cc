// What a round costs as a council grows, counted in a simulated world without faults;
// tests/sim/run --growth builds and starts it. docs/PERFORMANCE.md has its tables.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "node/runtime/archive.h"
#include "tests/sim/world.h"

namespace decentd::sim {
namespace {

constexpr int64_t kFirstMs = 2'000;  // by then all links are up
constexpr int64_t kApartMs = 5'000;

// How long the models take decides how much a node says at once.
struct Setting {
  const char* name;
  const char* text;
  int64_t shortest_ms, longest_ms;
  int rounds;
};
constexpr Setting kSettings[] = {
    {"together", "A decided round, at one node; the models finish together (200 to 210 ms)", 200,
     210, 3},
    {"spread", "A decided round, at one node; the models finish one by one (1 to 20 s)", 1'000,
     20'000, 1},
};

// Of one decided round and one node, but for the heartbeats, which are of one second and one node.
struct Cost {
  int n = 0;
  double frames = 0, envelopes = 0, bytes = 0, comparing_bytes = 0;
  double made = 0, verified = 0, written = 0, record = 0;
  double heartbeats = 0, heartbeat_bytes = 0, heartbeats_verified = 0;
};

Plan GoodCase(int n, const Setting& setting) {
  Plan plan;
  plan.seed = 1;
  plan.n = n;
  plan.links = {.shortest_ms = 1, .longest_ms = 10};
  plan.models = {.shortest_ms = setting.shortest_ms, .longest_ms = setting.longest_ms};
  for (int i = 0; i < setting.rounds; ++i) {
    plan.questions.push_back({kFirstMs + i * kApartMs, i % n});
  }
  return plan;
}

bool OnlyHeartbeats(const peer::v1::Frame& frame) {
  return frame.has_envelopes() && frame.envelopes().envelopes_size() > 0 &&
         frame.envelopes().envelopes(0).kind() == types::v1::KIND_HEARTBEAT;
}

// Adds up what all nodes send and write, and the records that one of them stores.
class Meter final : public Observer {
 public:
  Meter(const World& world, const SignatureCounts& signatures)
      : world_(world), signatures_(signatures) {}

  void OnSent(const Node&, std::optional<NodeIndex> to, const peer::v1::Frame& frame) override {
    const double copies = to ? 1 : world_.plan().n - 1;
    const double bytes = copies * static_cast<double>(frame.ByteSizeLong());
    const double envelopes =
        copies * (frame.envelopes().envelopes_size() + frame.certificate().votes_size());
    if (OnlyHeartbeats(frame)) {
      // The first ones come with the links.
      if (world_.now_ms() < kFirstMs) {
        verified_before_ = signatures_.verified.of_heartbeats;
        return;
      }
      sum_.heartbeats += envelopes;
      sum_.heartbeat_bytes += bytes;
      return;
    }
    sum_.frames += copies;
    sum_.bytes += bytes;
    sum_.envelopes += envelopes;
    if (frame.has_have() || frame.has_want()) sum_.comparing_bytes += bytes;
  }
  void OnWritten(const Node&, const WriteBatch& batch) override {
    sum_.written += static_cast<double>(batch.bytes());
  }
  void OnEnd(const World& world) override {
    for (const RoundId& round : world.rounds()) {
      const auto bundle = archive::ReadBundle(world.node(0).disk(), round);
      if (bundle.ok()) sum_.record += static_cast<double>(bundle->size());
    }
  }

  Cost PerNode() const {
    Cost cost = sum_;
    cost.n = world_.plan().n;
    cost.made = static_cast<double>(signatures_.made.of_rounds);
    cost.verified = static_cast<double>(signatures_.verified.of_rounds);
    cost.heartbeats_verified =
        static_cast<double>(signatures_.verified.of_heartbeats - verified_before_);
    const auto rounds = static_cast<double>(world_.rounds().size());
    const double seconds = static_cast<double>(world_.now_ms() - kFirstMs) / 1000;
    cost.record /= rounds;
    for (double* part : {&cost.frames, &cost.envelopes, &cost.bytes, &cost.comparing_bytes,
                         &cost.made, &cost.verified, &cost.written}) {
      *part /= rounds * cost.n;
    }
    for (double* part :
         {&cost.heartbeats, &cost.heartbeat_bytes, &cost.heartbeats_verified}) {
      *part /= seconds * cost.n;
    }
    return cost;
  }

 private:
  const World& world_;
  const SignatureCounts& signatures_;
  uint64_t verified_before_ = 0;
  Cost sum_;
};

// Nothing where a round did not end, which only a fault of the code explains.
std::optional<Cost> Measure(int n, const Setting& setting) {
  SignatureCounts signatures;
  World world(GoodCase(n, setting), &signatures);
  Meter meter(world, signatures);
  world.Watch(meter);
  world.Run();
  if (world.timed_out() || world.rounds().size() != static_cast<size_t>(setting.rounds)) {
    return std::nullopt;
  }
  return meter.PerNode();
}

struct Column {
  const char* name;
  double Cost::*value;
  double unit;
};
const std::vector<Column> kOfARound = {
    {"frames sent", &Cost::frames, 1},
    {"envelopes sent", &Cost::envelopes, 1},
    {"KiB sent", &Cost::bytes, 1024},
    {"of it comparing", &Cost::comparing_bytes, 1024},
    {"signed", &Cost::made, 1},
    {"verified", &Cost::verified, 1},
    {"KiB written", &Cost::written, 1024},
    {"KiB of record", &Cost::record, 1024},
};
const std::vector<Column> kOfASecond = {
    {"envelopes sent", &Cost::heartbeats, 1},
    {"KiB sent", &Cost::heartbeat_bytes, 1024},
    {"verified", &Cost::heartbeats_verified, 1},
};

// The x of n^x between two sizes.
double Order(const Cost& small, const Cost& large, double Cost::*value) {
  return std::log(large.*value / (small.*value)) / std::log(static_cast<double>(large.n) / small.n);
}

void PrintTable(const char* title, const std::vector<Column>& columns,
                const std::vector<Cost>& costs) {
  std::printf("%s:\n\n|  n  |", title);
  for (const Column& column : columns) std::printf(" %s |", column.name);
  std::printf("\n|----:|");
  for (const Column& column : columns) {
    std::printf("%s:|", std::string(std::string_view(column.name).size() + 1, '-').c_str());
  }
  std::printf("\n");
  const auto row = [&](const std::string& head, const auto& cell) {
    std::printf("| %3s |", head.c_str());
    for (const Column& column : columns) {
      std::printf(" %*s |", static_cast<int>(std::string_view(column.name).size()),
                  cell(column).c_str());
    }
    std::printf("\n");
  };
  const auto number = [](const char* format, double value) {
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return std::string(text);
  };
  for (const Cost& cost : costs) {
    row(std::to_string(cost.n), [&](const Column& column) {
      const double value = cost.*column.value / column.unit;
      return number(value < 100 ? "%.1f" : "%.0f", value);
    });
  }
  if (costs.size() >= 2) {
    const Cost& before = costs[costs.size() - 2];
    row("x", [&](const Column& column) {
      const double order = Order(before, costs.back(), column.value);
      return std::isfinite(order) ? number("%.2f", order) : "";
    });
    std::printf("\nx: as n^x from n = %d to n = %d.\n", before.n, costs.back().n);
  }
  std::printf("\n");
  std::fflush(stdout);
}

nlohmann::json ToJson(const Cost& cost) {
  return {{"n", cost.n},
          {"frames_sent", cost.frames},
          {"envelopes_sent", cost.envelopes},
          {"bytes_sent", cost.bytes},
          {"comparing_bytes_sent", cost.comparing_bytes},
          {"signatures_made", cost.made},
          {"signatures_verified", cost.verified},
          {"bytes_written", cost.written},
          {"record_bytes", cost.record},
          {"heartbeats_sent_per_second", cost.heartbeats},
          {"heartbeat_bytes_per_second", cost.heartbeat_bytes},
          {"heartbeats_verified_per_second", cost.heartbeats_verified}};
}

int Main(int argc, char** argv) {
  std::vector<int> sizes = {4, 7, 10, 16, 31, 64};
  bool json = false;
  CLI::App app("Counts what one round costs one node, for councils of several sizes.");
  app.add_option("--sizes", sizes, "numbers of nodes")->delimiter(',')->capture_default_str();
  app.add_flag("--json", json, "print the result as JSON");
  CLI11_PARSE(app, argc, argv);
  nlohmann::json out = nlohmann::json::object();
  std::vector<Cost> at_rest;
  for (const Setting& setting : kSettings) {
    std::vector<Cost> costs;
    for (const int n : sizes) {
      const std::optional<Cost> cost = Measure(n, setting);
      if (!cost) {
        std::cerr << "a round of " << n << " nodes did not end\n";
        return 1;
      }
      costs.push_back(*cost);
      out[setting.name].push_back(ToJson(*cost));
    }
    if (!json) PrintTable(setting.text, kOfARound, costs);
    if (at_rest.empty()) at_rest = costs;
  }
  if (json) {
    std::cout << out.dump(2) << "\n";
  } else {
    PrintTable("Heartbeats, in one second, at one node", kOfASecond, at_rest);
  }
  return 0;
}

}  // namespace
}  // namespace decentd::sim

int main(int argc, char** argv) { return decentd::sim::Main(argc, argv); }
