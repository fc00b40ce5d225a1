// This node's part in the council of one roster: its replica with what it keeps, and its links. A
// node has one, or two while its cluster's roster changes; they share key, models, port and disk,
// and no round, so each is to its peers a node of its own (docs/adr/0010-roster-change.md).
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/tls_identity.h"
#include "node/api/peer_info.h"
#include "node/codec/verifier.h"
#include "node/config/node_config.h"
#include "node/daemon/daemon.h"
#include "node/llm/models.h"
#include "node/metrics/metrics.h"
#include "node/runtime/driver.h"
#include "node/runtime/seat_table.h"
#include "node/transport/grpc_links.h"
#include "storage/keyspace.h"
#include "storage/rocksdb_store.h"

namespace decentd {

// What the seats of a node share. Outlives them.
struct SeatEnvironment {
  const NodeConfig& config;
  const Signer& identity;
  TlsIdentity tls;
  uint64_t boot;
  std::string version;
  PeerServer& server;
  DiskStore& disk;
  Store& store;  // the same, timed; of all seats
  Models& models;
  Metrics& metrics;
  std::shared_ptr<spdlog::logger> logger;
  WrapLinks wrap_links;
  WrapReceiver wrap_receiver;
};

Retention RetentionOf(const NodeConfig& config);

// Thread-safe.
class Seat {
 public:
  // Recovers what the keyspace holds and takes part from now on. `on_halt`: told why this node must
  // not vote, on the seat's thread. FAILED_PRECONDITION where the node's key is not in the roster.
  static absl::StatusOr<std::unique_ptr<Seat>> Take(
      const SeatEnvironment& environment, const SeatRecord& record,
      std::function<void(const std::string& reason)> on_halt);
  ~Seat();  // as Stop

  const Roster& roster() const { return roster_; }
  const Verifier& verifier() const { return verifier_; }
  Driver& council() { return driver_; }
  std::vector<PeerInfo> Peers();
  // Nodes may move without a new roster: those of `moved`, which has the same cluster_id.
  void SetAddresses(const Roster& moved);

  // Makes what was said durable and takes no further part, until the next start. Idempotent.
  void Stop();
  // For ever: what is open is given up, with this reason for those who watch it.
  void End(const std::string& reason);

 private:
  Seat(const SeatEnvironment& environment, const SeatRecord& record, NodeIndex self);

  const Roster roster_;
  const NodeIndex self_;
  Keyspace store_;
  const Verifier verifier_;
  Driver driver_;
  std::unique_ptr<LinkReceiver> receiver_;  // before the driver, where an adversary listens
  std::unique_ptr<GrpcLinks> links_;
  std::unique_ptr<Links> wrapped_;
};

}  // namespace decentd
