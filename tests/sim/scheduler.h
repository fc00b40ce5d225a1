// Virtual time: what is to happen, in order of time and, at one time, in the order it was asked for.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace decentd::sim {

class Scheduler {
 public:
  int64_t now_ms() const { return now_ms_; }
  uint64_t steps() const { return steps_; }

  void At(int64_t time_ms, std::function<void()> run) {
    queue_.push_back({std::max(time_ms, now_ms_), next_++, std::move(run)});
    std::ranges::push_heap(queue_, After);
  }
  void In(int64_t wait_ms, std::function<void()> run) { At(now_ms_ + wait_ms, std::move(run)); }

  // False when nothing is left to happen until then; it is that time then.
  bool RunNext(int64_t until_ms) {
    if (queue_.empty() || queue_.front().time_ms > until_ms) {
      now_ms_ = std::max(now_ms_, until_ms);
      return false;
    }
    std::ranges::pop_heap(queue_, After);
    const Event event = std::move(queue_.back());
    queue_.pop_back();
    now_ms_ = event.time_ms;
    ++steps_;
    event.run();
    return true;
  }

 private:
  struct Event {
    int64_t time_ms;
    uint64_t number;
    std::function<void()> run;
  };
  static bool After(const Event& a, const Event& b) {
    return std::pair(a.time_ms, a.number) > std::pair(b.time_ms, b.number);
  }

  int64_t now_ms_ = 0;
  uint64_t next_ = 0, steps_ = 0;
  std::vector<Event> queue_;
};

}  // namespace decentd::sim
