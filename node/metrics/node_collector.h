// What is read off the node at each scrape rather than counted along: its status and its peers.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"
#include "prometheus/collectable.h"

namespace decentd {

// Thread-safe.
class NodeCollector final : public prometheus::Collectable {
 public:
  void Watch(std::function<absl::StatusOr<NodeStatus>()> status, PeerInfoProvider peers);
  // No source is asked once this returns.
  void Forget();

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mutex_;  // held while the sources are asked
  std::function<absl::StatusOr<NodeStatus>()> status_;
  PeerInfoProvider peers_;
};

}  // namespace decentd
