// A council in memory: rounds exist once submitted, and events are what the test publishes.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/runtime/voting_watch.h"

namespace decentd {

class FakeCouncil : public Council {
 public:
  // What Submit answers; set before use.
  absl::Status submit_status;
  // Keeps the answer to Submit back until the test calls Release.
  bool hold_submit = false;
  VotingWatch voting;

  void Submit(Verified<Query> query, std::function<void(absl::StatusOr<RoundId>)> done) override {
    const RoundId id{query.body_digest()};
    {
      std::lock_guard lock(mutex_);
      if (hold_submit) {
        held_.push_back(std::move(done));
        changed_.notify_all();
        return;
      }
    }
    if (!submit_status.ok()) return done(submit_status);
    AddRound(id);
    done(id);
  }

  void AddRound(const RoundId& id, RoundSummary::State state = RoundSummary::State::kRunning) {
    std::lock_guard lock(mutex_);
    if (rounds_.contains(id)) return;
    rounds_[id].summary.id = id;
    rounds_[id].summary.state = state;
    order_.insert(order_.begin(), id);
  }
  void SetSummary(const RoundSummary& summary) {
    std::lock_guard lock(mutex_);
    rounds_.at(summary.id).summary = summary;
  }
  void SetCluster(const Digest& id) {
    std::lock_guard lock(mutex_);
    status_.cluster_id = id;
  }
  void SetNotVoting(const std::string& because) {
    std::lock_guard lock(mutex_);
    status_.voting = false;
    status_.not_voting_because = because;
  }
  void SetReachable(int reachable, int n, int f, int quorum) {
    std::lock_guard lock(mutex_);
    status_.n = n;
    status_.f = f;
    status_.quorum = quorum;
    status_.reachable = reachable;
  }
  void SetEvidence(std::vector<StoredEvidence> evidence) {
    std::lock_guard lock(mutex_);
    evidence_ = std::move(evidence);
  }
  void SetState(const RoundId& id, RoundSummary::State state) {
    std::lock_guard lock(mutex_);
    rounds_.at(id).summary.state = state;
  }
  void SetBundle(const RoundId& id, std::string bundle) {
    std::lock_guard lock(mutex_);
    rounds_.at(id).bundle = std::move(bundle);
  }
  // Appends an event and hands it to the watchers.
  void Publish(const RoundId& id, RoundEvent event) {
    std::lock_guard lock(mutex_);
    Round& round = rounds_.at(id);
    event.seq = round.events.size() + 1;
    round.events.push_back(event);
    for (Watcher* w : round.watchers) w->on_event(event);
  }
  void WaitForWatchers(const RoundId& id, size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return rounds_[id].watchers.size() == count; });
  }
  void WaitForHeldSubmit() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !held_.empty(); });
  }
  // What comes from now on is answered at once; what is held stays so.
  void HoldNoMore() {
    std::lock_guard lock(mutex_);
    hold_submit = false;
  }
  void Release(const absl::StatusOr<RoundId>& result) {
    std::vector<std::function<void(absl::StatusOr<RoundId>)>> held;
    {
      std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (auto& done : held) done(result);
  }

  absl::StatusOr<std::unique_ptr<Subscription>> Watch(
      const RoundId& id, uint64_t after_seq,
      std::function<void(const RoundEvent&)> on_event) override {
    std::lock_guard lock(mutex_);
    const auto found = rounds_.find(id);
    if (found == rounds_.end()) return absl::NotFoundError("no such round");
    if (found->second.summary.state == RoundSummary::State::kUndecided) {
      return absl::FailedPreconditionError("given up");
    }
    auto watcher = std::make_unique<Watcher>(*this, id, std::move(on_event));
    for (const RoundEvent& event : found->second.events) {
      if (event.seq > after_seq) watcher->on_event(event);
    }
    found->second.watchers.insert(watcher.get());
    changed_.notify_all();
    return watcher;
  }
  // Set before use: what GetRound waits for, as for a busy node.
  std::shared_future<void> before_get_round;

  absl::StatusOr<RoundSummary> GetRound(const RoundId& id) override {
    if (before_get_round.valid()) before_get_round.wait();
    std::lock_guard lock(mutex_);
    const auto found = rounds_.find(id);
    if (found == rounds_.end()) return absl::NotFoundError("no such round");
    return found->second.summary;
  }
  absl::StatusOr<std::vector<RoundSummary>> ListRounds(size_t limit,
                                                       std::optional<RoundId> after) override {
    std::lock_guard lock(mutex_);
    auto it = order_.begin();
    if (after) {
      it = std::find(order_.begin(), order_.end(), *after);
      if (it == order_.end()) return absl::NotFoundError("no such round");
      ++it;
    }
    std::vector<RoundSummary> page;
    for (; it != order_.end() && page.size() < limit; ++it) page.push_back(rounds_[*it].summary);
    return page;
  }
  absl::StatusOr<std::string> GetBundle(const RoundId& id) override {
    std::lock_guard lock(mutex_);
    const auto found = rounds_.find(id);
    if (found != rounds_.end() && found->second.summary.state == RoundSummary::State::kUndecided) {
      return absl::FailedPreconditionError("given up");
    }
    if (found == rounds_.end() || found->second.bundle.empty()) {
      return absl::NotFoundError("the round is not certified");
    }
    return found->second.bundle;
  }
  absl::StatusOr<NodeStatus> Status() override {
    std::lock_guard lock(mutex_);
    return status_;
  }
  std::unique_ptr<Subscription> WatchVoting(std::function<void(bool)> on_change) override {
    return voting.Watch(std::move(on_change));
  }
  absl::StatusOr<std::vector<StoredEvidence>> ListEvidence() override {
    std::lock_guard lock(mutex_);
    return evidence_;
  }
  absl::StatusOr<std::vector<StoredEvidence>> EvidenceOf(const RoundId& round) override {
    std::lock_guard lock(mutex_);
    std::vector<StoredEvidence> of_round;
    for (const StoredEvidence& one : evidence_) {
      if (one.round == round) of_round.push_back(one);
    }
    return of_round;
  }

 private:
  struct Watcher : Subscription {
    Watcher(FakeCouncil& c, const RoundId& id, std::function<void(const RoundEvent&)> f)
        : council(c), round(id), on_event(std::move(f)) {}
    ~Watcher() override {
      std::lock_guard lock(council.mutex_);
      council.rounds_[round].watchers.erase(this);
      council.changed_.notify_all();
    }
    FakeCouncil& council;
    RoundId round;
    std::function<void(const RoundEvent&)> on_event;
  };
  struct Round {
    RoundSummary summary;
    std::vector<RoundEvent> events;
    std::set<Watcher*> watchers;
    std::string bundle;
  };

  std::mutex mutex_;
  std::vector<StoredEvidence> evidence_;
  NodeStatus status_ = [] {
    NodeStatus s;
    s.name = "ada";
    s.n = 4;
    return s;
  }();
  std::condition_variable changed_;
  std::map<RoundId, Round> rounds_;
  std::vector<RoundId> order_;  // newest first
  std::vector<std::function<void(absl::StatusOr<RoundId>)>> held_;
};

}  // namespace decentd
