// What doctor is told of the peers' clocks where some of them lie or are not linked.
#include "node/daemon/clock_offset.h"

#include <gtest/gtest.h>

namespace decentd {
namespace {

constexpr double kHours = 10'800'000;

TEST(ClockOffsetTest, IsTheMedianWhereMoreThanTwiceTheLiarsHaveSpoken) {
  EXPECT_EQ(ClockOffset({kHours, -2, 3}, 1), 3);
  EXPECT_EQ(ClockOffset({-kHours, -2, 3}, 1), -2);
  EXPECT_EQ(ClockOffset({kHours, kHours + 1, 3}, 1), kHours) << "this node's own clock is wrong";
  EXPECT_EQ(ClockOffset({7}, 0), 7) << "a council of two withstands no liar";
  EXPECT_EQ(ClockOffset({1, 2, 3, 4, kHours, kHours}, 2), 4);
}

TEST(ClockOffsetTest, IsNotKnownFromSoFewThatAllMayLie) {
  EXPECT_EQ(ClockOffset({}, 0), std::nullopt);
  EXPECT_EQ(ClockOffset({kHours}, 1), std::nullopt);
  EXPECT_EQ(ClockOffset({kHours, kHours}, 2), std::nullopt);
}

TEST(ClockOffsetTest, OfFewPeersOnlyWhatAnHonestOneConfirmsCounts) {
  EXPECT_EQ(ClockOffset({kHours, 5}, 1), 5);
  EXPECT_EQ(ClockOffset({5, -kHours}, 1), 0);
  EXPECT_EQ(ClockOffset({kHours, kHours - 4}, 1), kHours - 4);
  EXPECT_EQ(ClockOffset({-kHours, 4 - kHours}, 1), 4 - kHours);
  EXPECT_EQ(ClockOffset({-3, kHours, kHours}, 2), 0);
  EXPECT_EQ(ClockOffset({3, kHours, kHours, kHours + 1}, 2), kHours);
}

}  // namespace
}  // namespace decentd
