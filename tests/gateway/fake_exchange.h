// An exchange without a server: its tasks run on the test's thread while that waits for an answer.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "node/gateway/http.h"

namespace decentd {

class FakeExchange : public HttpExchange {
 public:
  explicit FakeExchange(HttpRequest request) : request_(std::move(request)) {}

  const HttpRequest& request() const override { return request_; }
  bool gone() const override { return false; }
  // As the real one's, these may be called on any thread.
  void Reply(HttpReply reply) override {
    Post([this, reply = std::move(reply)] {
      if (!reply_ && !streams_) reply_ = reply;
    });
  }
  void StartStream() override {
    Post([this] { streams_ = true; });
  }
  void Write(std::string events) override {
    Post([this, events = std::move(events)] { stream_ += events; });
  }
  void EndStream() override {
    Post([this] { stream_ended_ = true; });
  }
  void Post(std::function<void()> task) override {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }
  void After(std::chrono::milliseconds, std::function<void()> task) override {
    later_ = std::move(task);
  }
  void OnStop(std::function<void()> task) override { on_stop_ = std::move(task); }
  void OnEnd(std::function<void()> task) override { on_end_ = std::move(task); }

  // The answer, or what the stream held when it ended.
  HttpReply WaitReply() {
    Run([this] { return reply_.has_value(); });
    return reply_.value_or(HttpReply{});
  }
  std::string WaitStream() {
    Run([this] { return stream_ended_; });
    return stream_;
  }
  void RunOne() {
    Run([ran = false]() mutable { return std::exchange(ran, true); });
  }
  // Runs what is posted until `done`.
  void Run(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    while (!done()) {
      if (!changed_.wait_for(lock, std::chrono::minutes(2), [this] { return !tasks_.empty(); })) {
        FAIL() << "nothing more happens";
      }
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }
  bool streams() const { return streams_; }

  void TimeIsUp() { later_(); }
  void ServerStops() { on_stop_(); }
  void End() {
    if (on_end_) std::exchange(on_end_, nullptr)();
    on_stop_ = later_ = nullptr;
    std::deque<std::function<void()>> dropped;
    {
      std::lock_guard lock(mutex_);
      dropped.swap(tasks_);
    }
  }

 private:
  const HttpRequest request_;
  std::optional<HttpReply> reply_;
  bool streams_ = false, stream_ended_ = false;
  std::string stream_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::function<void()> later_, on_stop_, on_end_;
};

}  // namespace decentd
