#include "node/runtime/board.h"

#include <algorithm>

#include "node/runtime/archive.h"

namespace decentd {
namespace {

// Finished rounds stay in memory for the watchers that come right after; the store has the rest.
constexpr size_t kFinishedInMemory = 256;

}  // namespace

// Its mutex is held while its callback runs, so that destroying the handle waits for the callback.
struct Board::Watcher {
  std::recursive_mutex mutex;
  bool alive = true;
  uint64_t seen = 0;
  std::function<void(const RoundEvent&)> on_event;

  void Tell(const RoundEvent& event) {
    std::lock_guard lock(mutex);
    if (!alive || event.seq <= seen) return;
    seen = event.seq;
    on_event(event);
  }
};

class Board::Handle : public Subscription {
 public:
  Handle(Board& board, RoundId round, std::shared_ptr<Watcher> watcher)
      : board_(board), round_(round), watcher_(std::move(watcher)) {}
  ~Handle() override {
    {
      std::lock_guard lock(watcher_->mutex);
      watcher_->alive = false;
    }
    board_.Remove(round_, watcher_.get());
  }

 private:
  Board& board_;
  const RoundId round_;
  const std::shared_ptr<Watcher> watcher_;
};

void Board::Publish(const RoundId& round, const RoundEvent& event) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    std::lock_guard lock(mutex_);
    Entry& entry = entries_[round];
    if (event.seq <= entry.events.size()) return;
    entry.events.push_back(event);
    watchers = entry.watchers;
    if (event.type == RoundEvent::Type::kGivenUp) {
      // Its events are as gone as its journal. A record that is taken over later begins anew.
      entries_.erase(round);
    } else if (event.last() && !entry.over) {
      entry.over = true;
      over_.push_back(round);
    }
    for (size_t i = over_.size(); i > kFinishedInMemory; --i) {
      auto it = entries_.find(over_.front());
      // One that is watched stays until its watcher leaves.
      if (it != entries_.end() && !it->second.watchers.empty()) {
        over_.push_back(over_.front());
      } else if (it != entries_.end()) {
        entries_.erase(it);
      }
      over_.pop_front();
    }
  }
  for (const auto& watcher : watchers) watcher->Tell(event);
}

absl::StatusOr<std::unique_ptr<Subscription>> Board::Watch(
    const RoundId& round, uint64_t after_seq, std::function<void(const RoundEvent&)> on_event) {
  auto watcher = std::make_shared<Watcher>();
  watcher->seen = after_seq;
  watcher->on_event = std::move(on_event);
  // Held from before it can be found until it has the past, so that the order is kept.
  std::unique_lock telling(watcher->mutex);
  std::vector<RoundEvent> past;
  bool known = false;
  {
    std::lock_guard lock(mutex_);
    if (auto it = entries_.find(round); it != entries_.end()) {
      past = it->second.events;
      it->second.watchers.push_back(watcher);
      known = true;
    }
  }
  if (!known) {
    absl::StatusOr<std::vector<RoundEvent>> stored = StoredEvents(round);
    if (!stored.ok()) return stored.status();
    past = *std::move(stored);
  }
  for (const RoundEvent& event : past) watcher->Tell(event);
  telling.unlock();
  return std::make_unique<Handle>(*this, round, std::move(watcher));
}

void Board::Remove(const RoundId& round, const Watcher* watcher) {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(round);
  if (it == entries_.end()) return;
  std::erase_if(it->second.watchers, [&](const auto& held) { return held.get() == watcher; });
}

absl::StatusOr<std::vector<RoundEvent>> Board::StoredEvents(const RoundId& round) const {
  const absl::StatusOr<store::v1::RoundSummary> summary = archive::ReadSummary(store_, round);
  if (absl::IsNotFound(summary.status())) return archive::WhyNoRecord(store_, round);
  if (!summary.ok()) return summary.status();
  std::vector<RoundEvent> events;
  for (const store::v1::StoredEvent& stored : summary->events()) {
    RoundEvent event;
    event.seq = stored.seq();
    event.unix_ms = stored.unix_ms();
    event.type = static_cast<RoundEvent::Type>(stored.type());
    event.phase = static_cast<Phase>(stored.phase());
    if (stored.has_node()) event.node = NodeIndex{static_cast<uint16_t>(stored.node())};
    event.abstained = stored.abstained();
    event.detail = stored.detail();
    event.closed = static_cast<Closed>(stored.closed());
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace decentd
