// The two clocks of docs/SPEC.md, section 6.
#include "node/runtime/timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace decentd {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const RoundId kRound{Sha256("round")};
constexpr TimerKey kHard{TimerType::kHardDeadline, {Phase::kAnswer, NodeIndex{0}}, 0};
constexpr TimerKey kHint{TimerType::kHintWait, {Phase::kAnswer, NodeIndex{2}}, 4};

TEST(Timers, DeadlinesRunOnlyWhileAQuorumCanBeReached) {
  for (TimerType type : {TimerType::kSoftDeadline, TimerType::kHardDeadline, TimerType::kAbsent}) {
    Timers timers;
    timers.Advance(1'000, false);
    timers.Set(kRound, {{type, {}, 0}, 100});
    timers.Advance(1'060, true);
    EXPECT_EQ(timers.NextDueMs(true), 1'100);
    EXPECT_EQ(timers.NextDueMs(false), std::nullopt) << "it stands still";
    timers.Advance(900'000, false);  // cut off for long
    EXPECT_THAT(timers.TakeDue(), IsEmpty());
    timers.Advance(900'039, true);
    EXPECT_THAT(timers.TakeDue(), IsEmpty());
    timers.Advance(900'040, true);  // it went on where it stopped
    EXPECT_THAT(timers.TakeDue(), SizeIs(1));
    EXPECT_THAT(timers.TakeDue(), IsEmpty()) << "once";
  }
}

TEST(Timers, WaitsOfBinaryAgreementAlwaysRun) {
  Timers timers;
  timers.Advance(1'000, false);
  timers.Set(kRound, {kHint, 100});
  EXPECT_EQ(timers.NextDueMs(false), 1'100);
  timers.Advance(1'100, false);
  EXPECT_THAT(timers.TakeDue(), SizeIs(1));
}

TEST(Timers, TheEarliestIsFirst) {
  Timers timers;
  timers.Advance(0, true);
  TimerKey later = kHint;
  later.number = 5;
  timers.Set(kRound, {later, 200});
  timers.Set(kRound, {kHint, 100});
  timers.Advance(500, true);
  const auto due = timers.TakeDue();
  ASSERT_THAT(due, SizeIs(2));
  EXPECT_EQ(due[0].second, kHint);
  EXPECT_EQ(due[1].second, later);
}

TEST(Timers, WhatIsCancelledDoesNotFire) {
  Timers timers;
  timers.Advance(0, true);
  const RoundId other{Sha256("other")};
  for (const RoundId& round : {kRound, other}) {
    timers.Set(round, {kHard, 10});
    timers.Set(round, {kHint, 10});
  }
  timers.Cancel(kRound, kHard);
  timers.CancelRound(other);
  timers.Advance(10, true);
  timers.Advance(20, true);
  const auto due = timers.TakeDue();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0], (std::pair<RoundId, TimerKey>(kRound, kHint)));
}

TEST(Timers, AClockThatGoesBackFiresNothing) {
  Timers timers;
  timers.Advance(1'000, true);
  timers.Set(kRound, {kHard, 100});
  timers.Advance(500, true);
  timers.Advance(1'050, true);
  EXPECT_THAT(timers.TakeDue(), IsEmpty());
}

}  // namespace
}  // namespace decentd
