// One setting, measured: a fresh council, a rest, a warm-up, the load.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/bench/baseline.h"
#include "tools/bench/council.h"
#include "tools/bench/load.h"

namespace decentd::bench {

struct Setting {
  CouncilOptions council;
  LoadOptions load;
  uint64_t warm_up_rounds = 0;
  absl::Duration idle;  // how long the council rests before its idle memory is read
};

// Per round, unless a name says otherwise; sums over all nodes, unless it says "node".
struct Measurement {
  int nodes = 0, concurrency = 0;
  std::string delay;
  uint64_t rounds = 0, failed_rounds = 0;
  double seconds = 0, rounds_per_second = 0;
  double latency_p50_ms = 0, latency_p90_ms = 0, latency_p99_ms = 0;
  std::optional<double> overhead_p50_ms;  // beyond two model calls of a constant time
  double daemon_cpu_ms = 0, client_cpu_ms = 0;
  double signatures_verified = 0, synced_writes = 0;
  double bytes_written = 0, bytes_sent = 0, store_bytes_node = 0, bundle_bytes = 0;
  uint64_t idle_bytes_node = 0, peak_bytes_node = 0;  // not per round; the node that has most
  double floor_rounds_per_second = 0;  // if verifying signatures took all the cores' time
  double achieved_of_floor = 0;
};

using Progress = std::function<void(const std::string& line)>;

absl::StatusOr<Measurement> Measure(const Setting& setting, const Baseline& baseline,
                                    const Progress& progress, const Interrupted& interrupted);

}  // namespace decentd::bench
