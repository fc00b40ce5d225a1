// What the tests of this room share: requests, waiting for callbacks, and a backend that they
// drive.
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "node/llm/backend.h"
#include "node/llm/models.h"

namespace decentd::llm {

inline const std::vector<std::string> kCriteria = {
    "factual_contradiction", "factual_fabrication", "instruction_inconsistency",
    "context_inconsistency", "logical_inconsistency"};

inline RoundId TestRound(const std::string& name = "round") { return {Sha256(name)}; }

inline AnswerRequest Ask(const std::string& question, const RoundId& round = TestRound()) {
  return {round, {{"user", question}}, {}};
}

inline JudgeRequest JudgeOf(const std::vector<std::string>& answers, uint16_t evaluator = 0,
                            const RoundId& round = TestRound()) {
  JudgeRequest request{round, {evaluator}, {{"user", "What is 2+2?"}}, {}, kCriteria};
  for (uint16_t i = 0; i < answers.size(); ++i) {
    request.answers.push_back({{i}, Sha256(answers[i]), answers[i]});
  }
  return request;
}

// A value that another thread sets once; setting it twice fails the test.
template <class T>
class Promise {
 public:
  void Set(T value) {
    std::lock_guard lock(state_->mutex);
    EXPECT_FALSE(state_->value.has_value()) << "called more than once";
    state_->value = std::move(value);
    state_->thread = std::this_thread::get_id();
    state_->set.notify_all();
  }
  T Wait() {
    std::unique_lock lock(state_->mutex);
    state_->set.wait(lock, [&] { return state_->value.has_value(); });
    EXPECT_NE(state_->thread, std::this_thread::get_id()) << "called inside the caller";
    return *state_->value;
  }
  bool IsSet() const {
    std::lock_guard lock(state_->mutex);
    return state_->value.has_value();
  }
  auto Setter() const {
    return [promise = *this](T value) mutable { promise.Set(std::move(value)); };
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable set;
    std::optional<T> value;
    std::thread::id thread;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

using AnswerPromise = Promise<std::variant<Answer, Abstain>>;
using JudgePromise = Promise<std::variant<Judgement, Abstain>>;
using CallPromise = Promise<CallResult>;

inline std::variant<Answer, Abstain> AnswerNow(Models& models, AnswerRequest request) {
  AnswerPromise promise;
  models.Answer(std::move(request), promise.Setter());
  return promise.Wait();
}

inline std::variant<Judgement, Abstain> JudgeNow(Models& models, JudgeRequest request) {
  JudgePromise promise;
  models.Judge(std::move(request), promise.Setter());
  return promise.Wait();
}

inline CallResult CompleteNow(Backend& backend, ModelCall call, CallId id = 1) {
  CallPromise promise;
  backend.Complete(id, std::move(call), promise.Setter());
  return promise.Wait();
}

inline ModelCall CallFor(const std::string& question,
                         std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  ModelCall call;
  call.round = TestRound();
  call.question = question;
  call.messages = {{"user", question}};
  call.deadline = Clock::now() + limit;
  return call;
}

inline Abstain AbstainOf(const CallResult& result) {
  const auto* failure = std::get_if<CallFailure>(&result);
  EXPECT_NE(failure, nullptr) << "expected a failure";
  return failure != nullptr ? failure->abstain : Abstain{};
}

// A temporary file that is gone with the object.
class TestFile {
 public:
  TestFile(const std::string& name, const std::string& content)
      : path_(testing::TempDir() + "/" + std::to_string(::getpid()) + "-" + name) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TestFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Holds every call until the test answers it, on a thread of the test's.
class HeldBackend final : public Backend {
 public:
  struct Held {
    CallId id;
    ModelCall call;
    CallDone done;
  };

  ~HeldBackend() override {
    std::deque<Held> held;
    held.swap(held_);
    std::thread([&] {
      for (Held& call : held) call.done(ShuttingDown());
    }).join();
  }

  void Complete(CallId id, ModelCall call, CallDone done) override {
    std::lock_guard lock(mutex_);
    held_.push_back({id, std::move(call), std::move(done)});
    ++started_;
    changed_.notify_all();
  }

  void Cancel(CallId id) override {
    std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
  }

  std::chrono::milliseconds timeout() const override { return std::chrono::minutes(1); }

  // The next call in order; waits for it.
  Held Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !held_.empty(); });
    Held call = std::move(held_.front());
    held_.pop_front();
    return call;
  }

  static void Reply(Held call, CallResult result) {
    std::thread([&] { call.done(std::move(result)); }).join();
  }
  void ReplyNext(const std::string& text) { Reply(Take(), Completion{text, "held", "stop", {}}); }

  int started() const {
    std::lock_guard lock(mutex_);
    return started_;
  }
  std::vector<CallId> cancelled() const {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Held> held_;
  std::vector<CallId> cancelled_;
  int started_ = 0;
};

}  // namespace decentd::llm
