#include "node/llm/call_queue.h"

#include <gmock/gmock.h>

#include "tests/llm/testing.h"

namespace decentd::llm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Notes its end among what else happens.
struct NotedWork {
  explicit NotedWork(std::vector<std::string>* of = nullptr) : events(of) {}
  NotedWork(NotedWork&& other) noexcept : events(std::exchange(other.events, nullptr)) {}
  NotedWork& operator=(NotedWork&& other) noexcept {
    std::swap(events, other.events);
    return *this;
  }
  ~NotedWork() {
    if (events != nullptr) events->push_back("work ended");
  }
  std::vector<std::string>* events;
};

class CallQueueTest : public ::testing::Test {
 protected:
  using Queue = CallQueue<NotedWork>;

  void Submit(CallId id, std::chrono::milliseconds limit = std::chrono::hours(1),
              bool judge = false) {
    ModelCall call = CallFor("?", limit);
    if (judge) call.judge = JudgeTask();
    queue_.Submit(id, std::move(call), [this, id](CallResult result) {
      const auto* failure = std::get_if<CallFailure>(&result);
      events_.push_back(std::to_string(id) + ": " +
                        (failure == nullptr ? "done" : failure->abstain.detail));
    });
  }
  std::vector<CallId> Started() {
    std::vector<CallId> ids;
    while (Queue::Call* call = queue_.StartNext()) ids.push_back(call->id);
    return ids;
  }
  std::vector<std::string> TakeEvents() { return std::exchange(events_, {}); }

  std::vector<std::string> events_;
  int wakes_ = 0;
  Queue queue_{{.running = 2, .waiting = 2, .timeout = std::chrono::milliseconds(5)},
               [this] { ++wakes_; }};
};

TEST_F(CallQueueTest, AnswersAndJudgementsAreServedInTheOrderTheyCame) {
  Submit(1);
  Submit(2, std::chrono::hours(1), /*judge=*/true);
  Submit(3);
  Submit(4, std::chrono::hours(1), /*judge=*/true);
  EXPECT_EQ(wakes_, 4);
  ASSERT_TRUE(queue_.Turn());
  EXPECT_THAT(Started(), ElementsAre(1, 2));
  queue_.End(queue_.running().back(), Completion());
  EXPECT_THAT(Started(), ElementsAre(3));
  queue_.End(queue_.running().front(), Completion());
  EXPECT_THAT(Started(), ElementsAre(4));
  EXPECT_THAT(TakeEvents(), ElementsAre("2: done", "1: done"));
}

TEST_F(CallQueueTest, WhatNeitherRunsNorMayWaitIsOverBudget) {
  for (CallId id = 1; id <= 5; ++id) Submit(id);
  ASSERT_TRUE(queue_.Turn());
  EXPECT_THAT(TakeEvents(), ElementsAre(HasSubstr("5: more than 2 calls wait")));
  EXPECT_THAT(Started(), ElementsAre(1, 2));
  Submit(6);
  ASSERT_TRUE(queue_.Turn());
  EXPECT_THAT(TakeEvents(), ElementsAre(HasSubstr("6: more than 2 calls wait")));
  queue_.End(queue_.running().front(), Completion());
  Submit(7);
  ASSERT_TRUE(queue_.Turn());
  EXPECT_THAT(TakeEvents(), ElementsAre("1: done"));
}

TEST_F(CallQueueTest, ACancelledCallEndsWhereverItIsAndItsWorkBeforeItsCallerIsTold) {
  for (CallId id = 1; id <= 3; ++id) Submit(id);
  ASSERT_TRUE(queue_.Turn());
  EXPECT_THAT(Started(), ElementsAre(1, 2));
  queue_.running().front().work = NotedWork(&events_);
  queue_.Cancel(1);
  queue_.Cancel(3);
  queue_.Cancel(99);
  Submit(4);
  queue_.Cancel(4);  // in the same turn as it came
  ASSERT_TRUE(queue_.Turn());
  const std::string why = Cancelled().abstain.detail;
  EXPECT_THAT(TakeEvents(), ElementsAre("work ended", "1: " + why, "3: " + why, "4: " + why));
}

TEST_F(CallQueueTest, ALateCallEndsAlsoWhileItWaits) {
  const auto soon = Clock::now() + std::chrono::hours(1);
  Submit(1);
  Submit(2);
  Submit(3, std::chrono::milliseconds(0));
  ASSERT_TRUE(queue_.Turn());
  EXPECT_THAT(TakeEvents(), ElementsAre(HasSubstr("3: no reply from the model within 5 ms")));
  Submit(4, std::chrono::minutes(1));
  ASSERT_TRUE(queue_.Turn());
  EXPECT_LT(queue_.NextDeadline(soon), soon) << "it waits for the deadline of a waiting call";
}

TEST_F(CallQueueTest, ShuttingDownEndsEveryCall) {
  for (CallId id = 1; id <= 3; ++id) Submit(id);
  ASSERT_TRUE(queue_.Turn());
  Started();
  Submit(4);
  queue_.Stop();
  EXPECT_FALSE(queue_.Turn());
  const std::string why = ShuttingDown().abstain.detail;
  // Waiting calls first, so that none of them starts.
  EXPECT_THAT(TakeEvents(), ElementsAre("3: " + why, "4: " + why, "1: " + why, "2: " + why));
  EXPECT_THAT(queue_.running(), IsEmpty());
}

}  // namespace
}  // namespace decentd::llm
