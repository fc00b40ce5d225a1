#include "node/gateway/workers.h"

#include <utility>

namespace decentd {
namespace {

constexpr int kThreads = 2;
constexpr size_t kTasks = 256;  // that wait

}  // namespace

Workers::Workers() {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Work(); });
}

Workers::~Workers() { Stop(); }

void Workers::Stop() {
  std::deque<std::function<void()>> dropped[2];
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
    dropped[0].swap(first_);
    dropped[1].swap(last_);
  }
  for (auto& tasks : dropped) tasks.clear();
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Workers::Run(std::function<void()> task, Turn turn) {
  {
    std::lock_guard lock(mutex_);
    if (ends_ || first_.size() + last_.size() >= kTasks) return false;
    (turn == Turn::kFirst ? first_ : last_).push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void Workers::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || !first_.empty() || !last_.empty(); });
    if (ends_) return;
    auto& queue = first_.empty() ? last_ : first_;
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // without the lock: it may hold the last of an exchange
    lock.lock();
  }
}

}  // namespace decentd
