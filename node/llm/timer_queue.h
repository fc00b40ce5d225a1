// One thread that runs tasks at or after their times, in order of time. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "node/llm/backend.h"

namespace decentd::llm {

class TimerQueue {
 public:
  using Task = std::function<void()>;
  using Key = std::pair<Clock::time_point, uint64_t>;

  TimerQueue();
  ~TimerQueue();  // runs what is left at once, also what those tasks add, then returns
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  Key Add(Clock::time_point when, Task task);
  void Post(Task task) { Add(Clock::time_point::min(), std::move(task)); }
  // The task, if it has not started.
  std::optional<Task> Take(const Key& key);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, Task> tasks_;
  uint64_t next_ = 0;
  bool stopping_ = false;
  std::thread thread_;  // last: starts when the rest is there
};

}  // namespace decentd::llm
