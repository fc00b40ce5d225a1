// What clients may see of the rounds: the events that are durable, and who waits for more.
// Thread-safe; callbacks run on the thread that publishes or subscribes, without a lock that a
// subscriber's destruction needs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "storage/store.h"

namespace decentd {

class Board {
 public:
  explicit Board(const Store& store) : store_(store) {}

  void Publish(const RoundId& round, const RoundEvent& event);
  // As Council::Watch.
  absl::StatusOr<std::unique_ptr<Subscription>> Watch(
      const RoundId& round, uint64_t after_seq, std::function<void(const RoundEvent&)> on_event);

 private:
  struct Watcher;
  class Handle;
  struct Entry {
    std::vector<RoundEvent> events;
    std::vector<std::shared_ptr<Watcher>> watchers;
    bool over = false;
  };

  absl::StatusOr<std::vector<RoundEvent>> StoredEvents(const RoundId& round) const;
  void Remove(const RoundId& round, const Watcher* watcher);

  const Store& store_;
  std::mutex mutex_;
  std::map<RoundId, Entry> entries_;
  std::deque<RoundId> over_;  // finished rounds still in memory, oldest first
};

}  // namespace decentd
