// Claims of docs/SPEC.md, section 6: one node's view, fed with what others signed. Those of section
// 14 are in mistakes_test.cc.
#include "node/core/set_agreement.h"

#include <gtest/gtest.h>

#include "tests/core/one_node.h"

namespace decentd::testing {
namespace {

TEST(SetAgreement, EnterOfOthersCountsOnlyWithOnesOwn) {
  OneNode node(4);
  node.EnterOthers(3);
  EXPECT_TRUE(node.out.timers.empty());
  node.Enter();
  EXPECT_EQ(node.out.timers.size(), 2u);
}

TEST(SetAgreement, AnAuthorNeverHeardNeedsOnlyTheMissingLink) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(2);
  node.Include(3);
  EXPECT_EQ(node.ZeroInputs(), 0);
  node.Unlink({3});
  EXPECT_EQ(node.ZeroInputs(), 1);
  EXPECT_EQ(node.set.closed(), Closed::kAbsent);
}

TEST(SetAgreement, AnAuthorHeardInTheRoundNeedsASilenceAsWell) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(3);
  node.set.OnHeard(At(3), node.out);
  node.Include(3);
  node.Unlink({3});
  EXPECT_EQ(node.ZeroInputs(), 0);
  ASSERT_TRUE(node.Timed(TimerType::kAbsent));
  // It speaks: the silence begins anew, and the timer of the first is worth nothing.
  const TimerRequest old = node.out.timers.back();
  EXPECT_EQ(old.wait_ms, node.cluster.roster().parameters().absent_after_ms);
  node.set.OnHeard(At(3), node.out);
  node.set.OnTimer(old.key, node.out);
  EXPECT_EQ(node.ZeroInputs(), 0);
  node.set.OnTimer(node.out.timers.back().key, node.out);
  EXPECT_EQ(node.ZeroInputs(), 1);
  EXPECT_EQ(node.set.closed(), Closed::kAbsent);
}

// Section 6: the silence "begins anew when one of them is heard", of the missing authors.
TEST(SetAgreement, AnAuthorWhoseSlotIsInBreaksNoSilence) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(3);
  node.set.OnHeard(At(3), node.out);
  node.Include(3);
  node.Unlink({2, 3});
  ASSERT_TRUE(node.Timed(TimerType::kAbsent));
  const TimerRequest silence = node.out.timers.back();
  node.set.OnHeard(At(2), node.out);  // through others
  node.set.OnTimer(silence.key, node.out);
  EXPECT_EQ(node.ZeroInputs(), 1);
}

TEST(SetAgreement, AMissingAuthorWithALinkIsWaitedFor) {
  OneNode node(7);  // f_W = 2: gate 5
  node.Enter();
  node.EnterOthers(4);
  node.Include(5);
  node.Unlink({5});
  EXPECT_EQ(node.ZeroInputs(), 0) << "6 has a link";
  node.Unlink({5, 6});
  EXPECT_EQ(node.ZeroInputs(), 2);
}

TEST(SetAgreement, AProposalIsEchoedOnceAndOnlyTheFirst) {
  OneNode node(4);
  node.Enter();
  node.set.OnPropose(node.cluster.Answered(2, node.round, "one"), node.out);
  node.set.OnPropose(node.cluster.Answered(2, node.round, "one"), node.out);
  node.set.OnPropose(node.cluster.Answered(2, node.round, "two"), node.out);
  EXPECT_EQ(node.Echoes(), 1);
  EXPECT_EQ(node.out.evidence.size(), 1u);
}

TEST(SetAgreement, ProposalsWaitForThePhaseAndAreJudgedThen) {
  OneNode node(4);
  node.set.OnPropose(node.cluster.Answered(1, node.round), node.out);
  node.set.OnPropose(node.cluster.Abstained(2, node.round), node.out);
  EXPECT_EQ(node.Echoes(), 0);
  node.set.Enter([](const Propose& propose) { return !propose.usable(); }, node.out);
  EXPECT_EQ(node.Echoes(), 1);
  ASSERT_EQ(node.out.blames.size(), 1u);
  EXPECT_EQ(node.out.blames[0].author, At(1));
  EXPECT_EQ(node.out.blames[0].kind, FaultKind::kInvalidSheet);
}

TEST(SetAgreement, WhatIsCertifiedIsNotJudgedAgain) {
  OneNode node(4);
  node.set.Enter([](const Propose&) { return false; }, node.out);
  node.Include(4);
  EXPECT_TRUE(node.set.ended());
  EXPECT_EQ(node.set.agreed().size(), 4u);
}

TEST(SetAgreement, ThePhaseEndsOnlyWithThePayloadOfEverySlotDecidedOne) {
  OneNode node(4);
  node.Enter();
  node.Include(3);
  node.Decide(3, true);
  EXPECT_FALSE(node.set.ended());
  const auto payload = node.cluster.Answered(3, node.round);
  node.set.OnCertificate(
      node.cluster.Certify(node.round, node.SlotOf(3), payload.body_digest(), node.seq++),
      node.out);
  EXPECT_FALSE(node.set.ended());
  node.set.OnPropose(payload, node.out);
  EXPECT_TRUE(node.set.ended());
}

TEST(SetAgreement, ASlotDecidedZeroIsOutThoughItsCertificateIsHeld) {
  OneNode node(4);
  node.Enter();
  for (int i = 0; i < 4; ++i) node.Certify(i);
  for (int i = 0; i < 3; ++i) node.Decide(i, true);
  node.Decide(3, false);
  ASSERT_TRUE(node.set.ended());
  EXPECT_EQ(node.set.agreed().size(), 3u);
}

}  // namespace
}  // namespace decentd::testing
