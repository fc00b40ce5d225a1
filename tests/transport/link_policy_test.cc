#include "node/transport/link_policy.h"

#include <gtest/gtest.h>

namespace decentd {
namespace {

using std::chrono::seconds;

const SteadyTime kStart = SteadyTime{} + std::chrono::hours(1000);

TEST(Backoff, DoublesUpToItsCapAndStartsAgain) {
  Backoff backoff(milliseconds(100), milliseconds(350));
  EXPECT_EQ(backoff.Next(1.0), milliseconds(100));
  EXPECT_EQ(backoff.Next(1.0), milliseconds(200));
  EXPECT_EQ(backoff.Next(1.0), milliseconds(350));
  EXPECT_EQ(backoff.Next(1.0), milliseconds(350));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(1.0), milliseconds(100));
}

TEST(Backoff, JitterTakesAtMostHalf) {
  Backoff backoff(milliseconds(100), milliseconds(100));
  EXPECT_EQ(backoff.Next(0.0), milliseconds(50));
}

TEST(FaultBudget, BlocksWhenSpentWithinAMinute) {
  FaultBudget faults(3, seconds(10), seconds(40));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(faults.Count(kStart));
  EXPECT_FALSE(faults.Blocked(kStart));
  EXPECT_TRUE(faults.Count(kStart));
  EXPECT_TRUE(faults.Blocked(kStart + seconds(9)));
  EXPECT_FALSE(faults.Blocked(kStart + seconds(10)));
}

TEST(FaultBudget, FewFaultsAMinuteAreForgiven) {
  FaultBudget faults(6, seconds(10), seconds(40));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(faults.Count(kStart + seconds(10) * i));
}

TEST(FaultBudget, BlocksGrowWithPersistenceUpToABoundAndAreForgotten) {
  FaultBudget faults(1, seconds(10), seconds(40));
  SteadyTime now = kStart;
  for (const int expected : {10, 20, 40, 40}) {
    while (!faults.Count(now)) {
    }
    EXPECT_EQ(faults.block(), seconds(expected));
    now = faults.blocked_until();
  }
  now += std::chrono::hours(25);
  while (!faults.Count(now)) {
  }
  EXPECT_EQ(faults.block(), seconds(10));
}

}  // namespace
}  // namespace decentd
