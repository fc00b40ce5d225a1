// A council of real daemons on loopback: keys, roster, databases, mutual TLS, scripted models.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/digest.h"
#include "tools/cluster/daemon_process.h"
#include "tools/bench/delay.h"
#include "tools/decentctl/council_client.h"

namespace decentd::bench {

struct CouncilOptions {
  int nodes = 4;
  Delay delay;
  uint32_t rounds_in_flight = 64;  // room for this many at once
  std::string program;             // decentd
  std::string directory;           // made, and must not be there yet
};

// Totals over all nodes since their start.
struct Counters {
  double cpu_seconds = 0;
  uint64_t signatures_verified = 0, synced_writes = 0, bytes_written = 0;
  uint64_t bytes_sent = 0, store_bytes = 0, rounds_open = 0;
};

// Says whether the user wants to stop.
using Interrupted = std::function<bool()>;

// The daemons end with it. Not thread-safe, but for the clients.
class Council {
 public:
  // Returns when every node reaches every other. CANCELLED where interrupted.
  static absl::StatusOr<Council> Start(const CouncilOptions& options,
                                       const Interrupted& interrupted);

  const Digest& cluster_id() const { return cluster_id_; }
  const CouncilClients& clients() const { return clients_; }  // one a node

  absl::StatusOr<Counters> Read() const;
  // Returns when no node has an open round, or the error of a daemon that ended.
  absl::Status WaitUntilQuiet(const Interrupted& interrupted);
  absl::Status Running();
  void Kill();

  uint64_t MostResidentBytes() const;  // of the node that has most
  uint64_t MostPeakBytes() const;
  void ResetPeaks() const;

 private:
  absl::Status WaitUntilLinked(const Interrupted& interrupted);
  absl::Status WaitUntil(const std::function<absl::StatusOr<bool>(CouncilClient&)>& ready,
                         const std::string& what, const Interrupted& interrupted);

  Digest cluster_id_;
  CouncilClients clients_;
  std::vector<DaemonProcess> daemons_;
};

}  // namespace decentd::bench
