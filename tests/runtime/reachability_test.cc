// Who counts as reachable, docs/SPEC.md, section 6.
#include "node/runtime/reachability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReachabilityTest : public ::testing::Test {
 protected:
  const SignedCluster signed_{4};
  static constexpr int64_t kStart = 1'000'000;
  Reachability reach_{signed_.roster(), At(0), kStart};
  const int64_t absent_after_ = signed_.roster().parameters().absent_after_ms;

  bool Beat(int node, uint64_t boot, uint64_t counter, int64_t now) {
    return reach_.OnHeartbeat(signed_.Say(node, Heartbeat{boot, counter}), now);
  }
};

TEST_F(ReachabilityTest, ANodeAloneReachesItself) {
  EXPECT_EQ(reach_.Reachable(kStart).Size(), 1);
  EXPECT_FALSE(reach_.HasQuorum(kStart));
}

TEST_F(ReachabilityTest, HeartbeatsThatOthersRelayMakeAQuorumForAWindow) {
  EXPECT_TRUE(Beat(1, 1, 1, kStart));
  EXPECT_TRUE(Beat(2, 1, 1, kStart + 100));
  EXPECT_TRUE(reach_.HasQuorum(kStart + 100));
  EXPECT_TRUE(reach_.HasQuorum(kStart + Reachability::kWindowMs));
  EXPECT_FALSE(reach_.HasQuorum(kStart + Reachability::kWindowMs + 1));
  EXPECT_EQ(reach_.NextChangeMs(kStart + absent_after_), kStart + Reachability::kWindowMs + 1);
}

TEST_F(ReachabilityTest, AnOldOrEqualHeartbeatSaysNothing) {
  EXPECT_TRUE(Beat(1, 2, 5, kStart));
  EXPECT_FALSE(Beat(1, 2, 5, kStart + 4'000));
  EXPECT_FALSE(Beat(1, 2, 4, kStart + 4'000));
  EXPECT_FALSE(Beat(1, 1, 99, kStart + 4'000)) << "of an earlier start";
  EXPECT_FALSE(reach_.Reachable(kStart + 6'000).Has(At(1)));
  EXPECT_TRUE(Beat(1, 3, 1, kStart + 6'000)) << "of a later start";
  EXPECT_TRUE(reach_.Reachable(kStart + 6'000).Has(At(1)));
}

TEST_F(ReachabilityTest, OnesOwnHeartbeatIsNoNews) {
  EXPECT_FALSE(Beat(0, 1, 1, kStart));
  EXPECT_THAT(reach_.TakeFresh(), IsEmpty());
}

TEST_F(ReachabilityTest, TheNewestHeartbeatOfEachIsPassedOnOnce) {
  Beat(1, 1, 1, kStart);
  Beat(1, 1, 2, kStart);
  Beat(2, 1, 1, kStart);
  EXPECT_THAT(reach_.TakeFresh(), SizeIs(2));
  EXPECT_THAT(reach_.TakeFresh(), IsEmpty());
}

TEST_F(ReachabilityTest, UnlinkedIsWhoHasHadNoLinkForAbsentAfter) {
  reach_.OnLinkUp(At(1), kStart);
  reach_.OnLinkUp(At(2), kStart);
  EXPECT_TRUE(reach_.Unlinked(kStart + absent_after_ - 1).Empty()) << "it may be on its way";
  NodeSet three;
  three.Add(At(3));
  EXPECT_EQ(reach_.Unlinked(kStart + absent_after_), three);
  const int64_t down = kStart + 10'000;
  reach_.OnLinkDown(At(1), down);
  EXPECT_EQ(reach_.Unlinked(down + absent_after_ - 1), three);
  EXPECT_EQ(reach_.NextChangeMs(down), down + absent_after_);
  EXPECT_TRUE(reach_.Unlinked(down + absent_after_).Has(At(1)));
  reach_.OnLinkUp(At(1), down + absent_after_ + 1);
  EXPECT_EQ(reach_.Unlinked(down + absent_after_ + 1), three);
}

TEST_F(ReachabilityTest, ALinkAloneIsNoSignOfLifeBeyondTheWindow) {
  reach_.OnLinkUp(At(1), kStart);
  EXPECT_TRUE(reach_.Reachable(kStart).Has(At(1)));
  EXPECT_FALSE(reach_.Reachable(kStart + Reachability::kWindowMs + 1).Has(At(1)));
}

}  // namespace
}  // namespace decentd::testing
