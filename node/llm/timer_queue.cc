#include "node/llm/timer_queue.h"

namespace decentd::llm {

TimerQueue::TimerQueue() : thread_([this] { Run(); }) {}

TimerQueue::~TimerQueue() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

TimerQueue::Key TimerQueue::Add(Clock::time_point when, Task task) {
  Key key;
  {
    std::lock_guard lock(mutex_);
    key = {when, next_++};
    tasks_.emplace(key, std::move(task));
  }
  changed_.notify_one();
  return key;
}

std::optional<TimerQueue::Task> TimerQueue::Take(const Key& key) {
  std::lock_guard lock(mutex_);
  auto node = tasks_.extract(key);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void TimerQueue::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (tasks_.empty()) {
      if (stopping_) return;
      changed_.wait(lock);
    } else if (const auto when = tasks_.begin()->first.first; stopping_ || when <= Clock::now()) {
      auto node = tasks_.extract(tasks_.begin());
      lock.unlock();
      node.mapped()();
      node = {};  // what the task held goes while no lock is held
      lock.lock();
    } else {
      changed_.wait_until(lock, when);
    }
  }
}

}  // namespace decentd::llm
