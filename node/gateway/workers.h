// Threads for what takes longer than an I/O thread may: verifying proofs, reading the store, asking
// a busy node how it is.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace decentd {

// Thread-safe.
class Workers {
 public:
  Workers();
  ~Workers();  // as Stop

  // Waits for the tasks under way and drops those that wait. Idempotent, on one thread.
  void Stop();

  enum class Turn { kFirst, kLast };
  // False, and `task` is dropped, when too much waits already. In the order of their coming, but
  // all of kFirst, for those who have paid for an answer, before any of kLast.
  bool Run(std::function<void()> task, Turn turn = Turn::kLast);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;
  std::deque<std::function<void()>> first_, last_;
  std::vector<std::thread> threads_;
};

}  // namespace decentd
