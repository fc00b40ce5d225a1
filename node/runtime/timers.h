// The timers of all open rounds on two clocks: one that always runs, and one that runs only while a
// quorum can be reached, so that a cut-off cluster burns no deadline (docs/SPEC.md, section 6).
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "node/core/effect.h"
#include "node/core/ids.h"

namespace decentd {

class Timers {
 public:
  // Moves both clocks to now_ms; `quorum`: whether a quorum could be reached since the last call.
  void Advance(int64_t now_ms, bool quorum);
  void Set(const RoundId& round, const TimerRequest& request);
  void Cancel(const RoundId& round, const TimerKey& key);
  void CancelRound(const RoundId& round);
  // Those that are due, earliest first; they are gone then.
  std::vector<std::pair<RoundId, TimerKey>> TakeDue();
  // When the next one is due if nothing changes, or nothing.
  std::optional<int64_t> NextDueMs(bool quorum) const;

 private:
  using Queue = std::set<std::tuple<int64_t, RoundId, TimerKey>>;
  static bool NeedsQuorum(TimerType type);

  int64_t now_ms_ = 0;
  int64_t quorum_ms_ = 0;
  bool started_ = false;
  Queue always_, with_quorum_;
};

}  // namespace decentd
