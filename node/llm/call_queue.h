// The calls of a backend that serves them on a thread of its own: taken in from any thread, kept
// within a bound, ended when they are cancelled, late or the node shuts down. First come, first
// served, so that answers and judgements which share a model share it fairly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "node/llm/backend.h"
#include "node/llm/text.h"

namespace decentd::llm {

// `Work` is what the backend keeps of a call that runs; destroying it ends the call's work.
template <class Work>
class CallQueue {
 public:
  struct Limits {
    size_t running = 1;
    size_t waiting = 0;                   // beside the running; further calls are over budget
    std::chrono::milliseconds timeout{};  // for people; the calls bring their deadlines
  };
  struct Call {
    CallId id;
    ModelCall call;
    CallDone done;
    Work work{};
  };
  using Calls = std::list<Call>;  // a call stays at its address until it ends

  // `wake` makes the backend's thread take a turn soon; called on any thread, without a lock.
  CallQueue(const Limits& limits, std::function<void()> wake)
      : limits_(limits), wake_(std::move(wake)) {}

  // Any thread.

  void Submit(CallId id, ModelCall call, CallDone done) {
    {
      std::lock_guard lock(mutex_);
      submitted_.push_back({id, std::move(call), std::move(done)});
    }
    wake_();
  }
  void Cancel(CallId id) {
    {
      std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    wake_();
  }
  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_();
  }

  // The backend's thread.

  // Begins a turn: takes in what came, and ends what is over budget, cancelled or late. False when
  // the backend shuts down; then every call has ended.
  bool Turn() {
    Calls submitted;
    std::vector<CallId> cancelled;
    bool stopping;
    {
      std::lock_guard lock(mutex_);
      submitted.swap(submitted_);
      cancelled.swap(cancelled_);
      stopping = stopping_;
    }
    while (!submitted.empty()) {
      if (waiting_.size() + running_.size() < limits_.waiting + limits_.running) {
        waiting_.splice(waiting_.end(), submitted, submitted.begin());
        continue;
      }
      const CallDone done = std::move(submitted.front().done);
      submitted.pop_front();
      done(Failure(
          AbstainReason::kOverBudget,
          Concat("more than ", limits_.waiting, " calls wait for this node's model already")));
    }
    for (const CallId id : cancelled) {
      EndIf([&](const Call& call) { return call.id == id; }, Cancelled());
    }
    const auto now = Clock::now();
    EndIf([&](const Call& call) { return call.call.deadline <= now; }, TimedOut(limits_.timeout));
    if (stopping) EndIf([](const Call&) { return true; }, ShuttingDown());
    return !stopping;
  }

  // The next call that may run, now one of running(); null: none waits or all places are taken.
  Call* StartNext() {
    if (waiting_.empty() || running_.size() >= limits_.running) return nullptr;
    running_.splice(running_.end(), waiting_, waiting_.begin());
    return &running_.back();
  }
  Calls& running() { return running_; }
  const Calls& running() const { return running_; }

  // REQUIRES: one of running(). Its place is free when its caller is told.
  void End(const Call& call, CallResult result) {
    const auto found = std::find_if(running_.begin(), running_.end(),
                                    [&](const Call& other) { return &other == &call; });
    const CallDone done = std::move(found->done);
    running_.erase(found);
    done(std::move(result));
  }

  // When the next turn is due at the latest; `no_later` where nothing is.
  Clock::time_point NextDeadline(Clock::time_point no_later) const {
    for (const Calls* calls : {&waiting_, &running_}) {
      for (const Call& call : *calls) no_later = std::min(no_later, call.call.deadline);
    }
    return no_later;
  }

 private:
  template <class Predicate>
  void EndIf(Predicate predicate, const CallFailure& failure) {
    Calls ended;
    for (Calls* calls : {&waiting_, &running_}) {
      for (auto call = calls->begin(); call != calls->end();) {
        const auto next = std::next(call);
        if (predicate(*call)) ended.splice(ended.end(), *calls, call);
        call = next;
      }
    }
    while (!ended.empty()) {
      const CallDone done = std::move(ended.front().done);
      ended.pop_front();  // its work ends before its caller is told
      done(failure);
    }
  }

  const Limits limits_;
  const std::function<void()> wake_;

  std::mutex mutex_;
  Calls submitted_;
  std::vector<CallId> cancelled_;
  bool stopping_ = false;

  // The thread's own.
  Calls waiting_, running_;
};

}  // namespace decentd::llm
