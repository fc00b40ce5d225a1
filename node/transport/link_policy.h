// When to dial again and when a peer has done too much wrong. Pure: time and randomness are passed.
#pragma once

#include <algorithm>
#include <chrono>

namespace decentd {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

// Waits between attempts to dial: doubles up to a cap, with jitter so that a whole cluster that
// comes back does not dial in step.
class Backoff {
 public:
  Backoff(milliseconds first, milliseconds cap) : first_(first), cap_(cap), next_(first) {}

  // `random` is uniform in [0, 1): the wait is between a half and the whole of the current step.
  milliseconds Next(double random) {
    const milliseconds step = next_;
    next_ = std::min(next_ * 2, cap_);
    return milliseconds(
        static_cast<int64_t>(static_cast<double>(step.count()) * (0.5 + random / 2)));
  }
  void Reset() { next_ = first_; }

 private:
  milliseconds first_, cap_, next_;
};

// Counts faults in a token bucket. A peer that empties it is blocked; each block within a day of
// the last is twice as long, so that persistence costs more and an old mistake is forgotten.
class FaultBudget {
 public:
  FaultBudget(int per_minute, milliseconds first_block, milliseconds longest_block)
      : per_minute_(per_minute),
        first_block_(first_block),
        longest_block_(longest_block),
        tokens_(per_minute) {}

  // True when this fault empties the budget: the peer is blocked from now on.
  bool Count(SteadyTime now) {
    if (Blocked(now)) return false;
    const double elapsed = std::chrono::duration<double>(now - refilled_).count();
    if (refilled_ != SteadyTime{}) {
      tokens_ = std::min<double>(per_minute_, tokens_ + elapsed * per_minute_ / 60);
    }
    refilled_ = now;
    tokens_ -= 1;
    if (tokens_ >= 0) return false;
    tokens_ = per_minute_;
    const bool again =
        blocked_until_ != SteadyTime{} && now - blocked_until_ < std::chrono::hours(24);
    block_ = again ? std::min(block_ * 2, longest_block_) : first_block_;
    blocked_until_ = now + block_;
    return true;
  }
  bool Blocked(SteadyTime now) const { return now < blocked_until_; }
  SteadyTime blocked_until() const { return blocked_until_; }
  milliseconds block() const { return block_; }

 private:
  int per_minute_;
  milliseconds first_block_, longest_block_;
  double tokens_;
  SteadyTime refilled_{};
  SteadyTime blocked_until_{};
  milliseconds block_{0};
};

}  // namespace decentd
