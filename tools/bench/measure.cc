#include "tools/bench/measure.h"

#include <sys/resource.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/bench/percentile.h"

namespace decentd::bench {
namespace {

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

absl::Status Rest(absl::Duration time, const Interrupted& interrupted) {
  for (const absl::Time end = absl::Now() + time; absl::Now() < end;) {
    if (interrupted()) return absl::CancelledError("interrupted");
    absl::SleepFor(std::min(absl::Milliseconds(50), end - absl::Now()));
  }
  return absl::OkStatus();
}

void SetLoad(const LoadResult& load, const Delay& delay, Measurement& m) {
  m.rounds = load.latency_ms.size();
  m.failed_rounds = load.failed;
  m.seconds = absl::ToDoubleSeconds(load.elapsed);
  m.rounds_per_second = static_cast<double>(m.rounds) / std::max(m.seconds, 1e-9);
  m.latency_p50_ms = Percentile(load.latency_ms, 50);
  m.latency_p90_ms = Percentile(load.latency_ms, 90);
  m.latency_p99_ms = Percentile(load.latency_ms, 99);
  // Answering and judging, one after the other; the rest is the protocol's.
  if (delay.constant_ms) m.overhead_p50_ms = m.latency_p50_ms - 2 * *delay.constant_ms;
}

void SetCounters(const Counters& before, const Counters& after, Measurement& m) {
  const double rounds = static_cast<double>(std::max<uint64_t>(m.rounds, 1));
  const auto per_round = [&](uint64_t from, uint64_t to) {
    return (static_cast<double>(to) - static_cast<double>(from)) / rounds;
  };
  m.daemon_cpu_ms = (after.cpu_seconds - before.cpu_seconds) * 1000 / rounds;
  m.signatures_verified = per_round(before.signatures_verified, after.signatures_verified);
  m.synced_writes = per_round(before.synced_writes, after.synced_writes);
  m.bytes_written = per_round(before.bytes_written, after.bytes_written);
  m.bytes_sent = per_round(before.bytes_sent, after.bytes_sent);
  m.store_bytes_node = per_round(before.store_bytes, after.store_bytes) / m.nodes;
}

}  // namespace

absl::StatusOr<Measurement> Measure(const Setting& setting, const Baseline& baseline,
                                    const Progress& progress, const Interrupted& interrupted) {
  Measurement m;
  m.nodes = setting.council.nodes;
  m.concurrency = setting.load.concurrency;
  m.delay = setting.council.delay.text;
  const std::string title =
      absl::StrCat(m.nodes, " nodes, models ", m.delay, ", concurrency ", m.concurrency, ": ");
  progress(title + "starting");
  absl::StatusOr<Council> council = Council::Start(setting.council, interrupted);
  if (!council.ok()) return council.status();
  if (absl::Status status = Rest(setting.idle, interrupted); !status.ok()) return status;
  m.idle_bytes_node = council->MostResidentBytes();

  const auto client = NewEd25519Signer();
  if (setting.warm_up_rounds > 0) {
    progress(absl::StrCat(title, "warming up with ", setting.warm_up_rounds, " rounds"));
    const auto warm =
        RunLoad(*council, *client, {setting.load.concurrency, setting.warm_up_rounds}, interrupted);
    if (!warm.ok()) return warm.status();
  }
  // Nodes go on for a moment after the client has its certificate: that work belongs to the round.
  if (absl::Status status = council->WaitUntilQuiet(interrupted); !status.ok()) return status;

  progress(title + "measuring");
  council->ResetPeaks();
  const absl::StatusOr<Counters> before = council->Read();
  if (!before.ok()) return before.status();
  const double own_before = OwnCpuSeconds();
  const auto load = RunLoad(*council, *client, setting.load, interrupted);
  if (!load.ok()) return load.status();
  const double own_after = OwnCpuSeconds();
  if (absl::Status status = council->WaitUntilQuiet(interrupted); !status.ok()) return status;
  const absl::StatusOr<Counters> after = council->Read();
  if (!after.ok()) return after.status();
  m.peak_bytes_node = council->MostPeakBytes();

  SetLoad(*load, setting.council.delay, m);
  SetCounters(*before, *after, m);
  m.client_cpu_ms = (own_after - own_before) * 1000 / static_cast<double>(m.rounds);
  const auto last = council->clients().front()->GetRound(*load->last);
  if (!last.ok()) return last.status();
  m.bundle_bytes = static_cast<double>(last->bundle_bytes());
  m.floor_rounds_per_second =
      baseline.cores * 1e6 / std::max(m.signatures_verified * baseline.verify_us, 1e-9);
  m.achieved_of_floor = m.rounds_per_second / m.floor_rounds_per_second;
  progress(absl::StrCat(title, m.rounds, " rounds in ", static_cast<int>(m.seconds + 0.5), " s"));
  return m;
}

}  // namespace decentd::bench
