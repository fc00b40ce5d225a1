// What the node says of itself, asked at most once a second: a busy node takes up to a second to
// answer, and anybody may ask whether it is ready.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"

namespace decentd {

// Thread-safe. Blocks while the node is asked: for workers.
class StatusCache {
 public:
  // Both outlive it.
  StatusCache(Council& council, PeerInfoProvider peers);

  absl::StatusOr<NodeStatus> Status();
  std::vector<PeerInfo> Peers();

 private:
  using Clock = std::chrono::steady_clock;

  Council& council_;
  const PeerInfoProvider peers_;
  std::mutex mutex_;  // held while the node is asked: who comes meanwhile takes the same answer
  std::optional<absl::StatusOr<NodeStatus>> status_;
  std::optional<std::vector<PeerInfo>> links_;
  Clock::time_point status_at_, links_at_;
};

}  // namespace decentd
