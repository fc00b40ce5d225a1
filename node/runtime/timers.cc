#include "node/runtime/timers.h"

#include <algorithm>

namespace decentd {

bool Timers::NeedsQuorum(TimerType type) {
  return type == TimerType::kSoftDeadline || type == TimerType::kHardDeadline ||
         type == TimerType::kAbsent;
}

void Timers::Advance(int64_t now_ms, bool quorum) {
  if (started_ && quorum) quorum_ms_ += std::max<int64_t>(0, now_ms - now_ms_);
  started_ = true;
  now_ms_ = std::max(now_ms_, now_ms);
}

void Timers::Set(const RoundId& round, const TimerRequest& request) {
  const bool needs = NeedsQuorum(request.key.type);
  (needs ? with_quorum_ : always_)
      .emplace((needs ? quorum_ms_ : now_ms_) + request.wait_ms, round, request.key);
}

void Timers::Cancel(const RoundId& round, const TimerKey& key) {
  std::erase_if(NeedsQuorum(key.type) ? with_quorum_ : always_, [&](const auto& timer) {
    return std::get<1>(timer) == round && std::get<2>(timer) == key;
  });
}

void Timers::CancelRound(const RoundId& round) {
  const auto of_round = [&](const auto& timer) { return std::get<1>(timer) == round; };
  std::erase_if(always_, of_round);
  std::erase_if(with_quorum_, of_round);
}

std::vector<std::pair<RoundId, TimerKey>> Timers::TakeDue() {
  std::vector<std::pair<RoundId, TimerKey>> due;
  const auto take = [&](Queue& queue, int64_t clock) {
    while (!queue.empty() && std::get<0>(*queue.begin()) <= clock) {
      due.emplace_back(std::get<1>(*queue.begin()), std::get<2>(*queue.begin()));
      queue.erase(queue.begin());
    }
  };
  take(always_, now_ms_);
  take(with_quorum_, quorum_ms_);
  return due;
}

std::optional<int64_t> Timers::NextDueMs(bool quorum) const {
  std::optional<int64_t> next;
  if (!always_.empty()) next = std::get<0>(*always_.begin());
  if (quorum && !with_quorum_.empty()) {
    const int64_t due = now_ms_ + std::get<0>(*with_quorum_.begin()) - quorum_ms_;
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

}  // namespace decentd
