// Whether the node votes, and who wants to be told when that changes. Thread-safe; callbacks run
// one at a time, so that the last one tells how it is.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "node/api/council.h"

namespace decentd {

class VotingWatch {
 public:
  // Tells the watchers where it is a change.
  void Set(bool voting) {
    std::lock_guard lock(mutex_);
    if (voting == voting_) return;
    voting_ = voting;
    for (Watcher* watcher : watchers_) watcher->on_change(voting);
  }

  // As Council::WatchVoting. The subscription is destroyed before this object, and not by its own
  // callback.
  std::unique_ptr<Subscription> Watch(std::function<void(bool)> on_change) {
    auto watcher = std::make_unique<Watcher>(*this, std::move(on_change));
    std::lock_guard lock(mutex_);
    watchers_.insert(watcher.get());
    watcher->on_change(voting_);
    return watcher;
  }

 private:
  struct Watcher final : Subscription {
    Watcher(VotingWatch& watch, std::function<void(bool)> f) : of(watch), on_change(std::move(f)) {}
    ~Watcher() override {
      std::lock_guard lock(of.mutex_);
      of.watchers_.erase(this);
    }
    VotingWatch& of;
    const std::function<void(bool)> on_change;
  };

  std::mutex mutex_;
  bool voting_ = false;
  std::set<Watcher*> watchers_;
};

}  // namespace decentd
