// A closed loop of clients: each asks, watches its round to the certified decision, asks again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/ed25519_signer.h"
#include "node/core/ids.h"
#include "tools/bench/council.h"

namespace decentd::bench {

struct LoadOptions {
  int concurrency = 1;
  // New rounds are begun until one of the two is reached.
  uint64_t rounds = 0;  // 0 = no limit by count
  absl::Duration time = absl::InfiniteDuration();
};

struct LoadResult {
  std::vector<double> latency_ms;  // of every certified round, ascending
  absl::Duration elapsed;          // first submit to last certificate
  uint64_t failed = 0;             // rounds that the council agreed to have no winner
  std::optional<RoundId> last;     // one of the rounds
};

// Rounds go to the nodes in turn. An error: a node refused a query or a round was not certified in
// time. CANCELLED where interrupted; the council is killed then.
absl::StatusOr<LoadResult> RunLoad(Council& council, const Ed25519Identity& client,
                                   const LoadOptions& options, const Interrupted& interrupted);

}  // namespace decentd::bench
