#include "tools/bench/baseline.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "crypto/ed25519_signer.h"
#include "tools/bench/percentile.h"

namespace decentd::bench {
namespace {

constexpr int kBatches = 20, kInBatch = 100, kSyncs = 200;
constexpr size_t kBodyBytes = 300;   // Votes of one batch in a council of four
constexpr size_t kSyncBytes = 4096;  // a journal record with a few envelopes

double ThreadCpuUs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// CPU time of one call, the least of several batches: what others do to the caches only adds.
template <class Call>
double LeastUs(const Call& call) {
  double least = std::numeric_limits<double>::infinity();
  for (int batch = 0; batch < kBatches; ++batch) {
    const double start = ThreadCpuUs();
    for (int i = 0; i < kInBatch; ++i) call();
    least = std::min(least, (ThreadCpuUs() - start) / kInBatch);
  }
  return least;
}

absl::Status MeasureSignatures(Baseline& baseline) {
  const auto signer = NewEd25519Signer();
  const Digest cluster = Sha256("benchmark");
  const std::string body(kBodyBytes, 'x');
  const std::string signature = signer->Sign("votes", cluster, body);
  bool valid = true;
  baseline.verify_us = LeastUs([&] {
    valid &= Ed25519Scheme().Verify(signer->public_key(), "votes", cluster, body, signature);
  });
  baseline.sign_us = LeastUs([&] { valid &= signer->Sign("votes", cluster, body) == signature; });
  return valid ? absl::OkStatus() : absl::InternalError("a good signature does not verify");
}

absl::Status MeasureSyncs(const std::string& directory, Baseline& baseline) {
  const std::string path = directory + "/sync";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, "cannot make " + path);
  const std::string block(kSyncBytes, 'x');
  std::vector<double> times;
  absl::Status status;
  for (int i = 0; i < kSyncs && status.ok(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        fdatasync(file) != 0) {
      status = absl::ErrnoToStatus(errno, "cannot write " + path);
    }
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  close(file);
  unlink(path.c_str());
  std::sort(times.begin(), times.end());
  baseline.sync_p50_ms = Percentile(times, 50);
  baseline.sync_p99_ms = Percentile(times, 99);
  return status;
}

std::string Processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (absl::StartsWith(line, "model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

}  // namespace

absl::StatusOr<Baseline> MeasureBaseline(const std::string& directory) {
  Baseline baseline;
  getloadavg(&baseline.load_average, 1);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) baseline.cores = CPU_COUNT(&allowed);
  baseline.processor = Processor();
  if (absl::Status status = MeasureSignatures(baseline); !status.ok()) return status;
  if (absl::Status status = MeasureSyncs(directory, baseline); !status.ok()) return status;
  return baseline;
}

}  // namespace decentd::bench
