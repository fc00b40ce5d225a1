// What one client may ask of this node: requests per minute and rounds in flight, by the key that
// signed the query. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "crypto/signer.h"
#include "node/api/council.h"
#include "node/core/ids.h"

namespace decentd {

// Of a status by which Admit refused one request too many: in how many seconds the next is taken.
// Nothing of other statuses.
std::optional<int64_t> RetryAfterSeconds(const absl::Status& status);

// Whether a round that was admitted has not ended; nothing while the node is too busy to tell.
using RunningCheck = std::function<std::optional<bool>(const RoundId&)>;
RunningCheck StillRunning(Council& council);

class ClientLimits {
 public:
  using Clock = std::chrono::steady_clock;

  struct Each {
    uint32_t requests_per_minute = 60;  // a bucket of this size, refilled evenly; 0 = no limit
    uint32_t rounds_in_flight = 8;      // 0 = no limit
  };
  struct Options {
    Each each;                          // of clients that are not among the next
    std::map<PublicKey, Each> own = {};
    // Keys are free to make, so how many are remembered is bounded too.
    size_t clients = 4096;
  };

  // `still_running` may take its time: called without a lock held, and only for a client that is at
  // its limit or when the table is full.
  ClientLimits(Options options, RunningCheck still_running,
               std::function<Clock::time_point()> now = &Clock::now);

  // Takes one request and reserves the round, or RESOURCE_EXHAUSTED with the reason and the way
  // out. A round that the client already has in flight is not counted twice.
  absl::Status Admit(const PublicKey& client, const RoundId& round);
  // What became of an admitted round: refused by the node, it no longer counts.
  void Settle(const PublicKey& client, const RoundId& round, bool accepted);

  size_t clients() const;

 private:
  struct Client {
    double tokens = 0;
    Clock::time_point refilled;
    std::map<RoundId, bool> rounds;  // true once the node accepted it
  };

  const Each& LimitsOf(const PublicKey& key) const;
  void Refill(Client& client, const Each& limits, Clock::time_point now) const;
  // Forgets rounds that ended, asking `still_running` with the lock released.
  void Prune(std::unique_lock<std::mutex>& lock, const PublicKey& key);
  // Forgets some clients that have nothing in flight and a full bucket.
  void Evict(std::unique_lock<std::mutex>& lock, Clock::time_point now);

  const Options options_;
  const RunningCheck still_running_;
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  std::map<PublicKey, Client> clients_;
  PublicKey evict_after_;  // where the last sweep stopped
};

}  // namespace decentd
