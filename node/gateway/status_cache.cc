#include "node/gateway/status_cache.h"

#include <utility>

namespace decentd {
namespace {

constexpr std::chrono::milliseconds kFresh{1'000};

}  // namespace

StatusCache::StatusCache(Council& council, PeerInfoProvider peers)
    : council_(council), peers_(std::move(peers)) {}

absl::StatusOr<NodeStatus> StatusCache::Status() {
  std::lock_guard lock(mutex_);
  if (!status_ || Clock::now() - status_at_ > kFresh) {
    status_ = council_.Status();
    status_at_ = Clock::now();
  }
  return *status_;
}

std::vector<PeerInfo> StatusCache::Peers() {
  std::lock_guard lock(mutex_);
  if (!links_ || Clock::now() - links_at_ > kFresh) {
    links_ = peers_();
    links_at_ = Clock::now();
  }
  return *links_;
}

}  // namespace decentd
