// Claims of docs/SPEC.md, section 5. Those of section 14 are in mistakes_test.cc.
#include "node/core/binary_agreement.h"

#include <gtest/gtest.h>

#include "tests/core/binary_agreement_net.h"

namespace decentd::testing {
namespace {

TEST(BinaryAgreement, HonestUnanimityDecidesOneInTheFirstRound) {
  for (int n : {1, 2, 3, 4, 7, 10}) {
    BinaryNet net(n, 0);
    for (int i = 0; i < n; ++i) {
      net.Certificate(i);
      net.Propose(i, true);
    }
    net.Deliver();
    for (int i = 0; i < n; ++i) {
      EXPECT_EQ(net.node(i).decided(), true) << n;
      EXPECT_EQ(net.node(i).round(), 1u) << n;
      EXPECT_EQ(net.Said<vote::Est>(i), 0) << "the certificate takes the place of EST";
      EXPECT_EQ(net.Said<vote::Aux>(i), 1);
    }
  }
}

TEST(BinaryAgreement, AbsentSlotDecidesZeroInTheSecondRound) {
  for (int n : {1, 4, 7, 10}) {
    BinaryNet net(n, 0);
    for (int i = 0; i < n; ++i) net.Propose(i, false);
    net.Deliver();
    for (int i = 0; i < n; ++i) {
      EXPECT_EQ(net.node(i).decided(), false) << n;
      EXPECT_EQ(net.node(i).round(), 2u) << n;
    }
  }
}

TEST(BinaryAgreement, FaultyNodesThatAreSilentHoldNobodyUp) {
  for (int n : {4, 7, 10}) {
    BinaryNet net(n, (n - 1) / 3);
    for (int i = 0; i < net.honest; ++i) net.Propose(i, false);
    net.Deliver();
    EXPECT_TRUE(net.AllDecided()) << n;
  }
}

TEST(BinaryAgreement, WithoutACertificateNothingMakesOneDecidable) {
  BinaryNet net(4, 1);
  for (int i = 0; i < 3; ++i) net.Propose(i, false);
  for (int i = 0; i < 3; ++i) {
    net.Lie(3, i, Est(1, true));
    net.Lie(3, i, Est(2, true));
    net.Lie(3, i, Aux(1, kOne));
    net.Lie(3, i, Decided(true));
  }
  net.Deliver();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(net.node(i).decided(), false);
}

TEST(BinaryAgreement, EstIsRelayedAtFPlusOneAndNotBefore) {
  for (int n : {4, 7, 10}) {
    const int f = (n - 1) / 3;
    for (uint32_t round : {1u, 2u, 3u}) {
      const bool value = round != 1;
      BinaryNet net(n, n - 1);
      for (int i = 1; i <= f; ++i) net.Lie(i, 0, Est(round, value));
      EXPECT_EQ(net.Said<vote::Est>(0), 0) << "f liars alone, n = " << n;
      net.Lie(f + 1, 0, Est(round, value));
      EXPECT_EQ(net.Said<vote::Est>(0), 1) << n;
      net.Lie(f + 2, 0, Est(round, value));
      EXPECT_EQ(net.Said<vote::Est>(0), 1) << "once";
    }
  }
}

TEST(BinaryAgreement, BinNeedsTwoFPlusOneEst) {
  for (int n : {4, 7, 10}) {
    const int f = (n - 1) / 3;
    BinaryNet net(n, n - 1);
    net.Propose(0, false);  // its own EST is one
    for (int i = 1; i < 2 * f; ++i) net.Lie(i, 0, Est(1, false));
    EXPECT_EQ(net.Said<vote::Aux>(0), 0) << "2f EST, n = " << n;
    net.Lie(2 * f, 0, Est(1, false));
    EXPECT_EQ(net.Said<vote::Aux>(0), 1) << n;
  }
}

TEST(BinaryAgreement, RoundsEndWithAuxOfNMinusFAndNotBefore) {
  for (int n : {4, 7, 10}) {
    const int enough = n - (n - 1) / 3;
    BinaryNet net(n, n - 1);
    net.Certificate(0);
    net.Propose(0, true);
    for (int i = 1; i < enough - 1; ++i) net.Lie(i, 0, Aux(1, kOne));
    EXPECT_FALSE(net.node(0).decided()) << n;
    net.Lie(enough - 1, 0, Aux(1, kOne));
    EXPECT_EQ(net.node(0).decided(), true) << n;
  }
}

TEST(BinaryAgreement, AuxWithValuesOutsideBinDoNotCount) {
  BinaryNet net(4, 3);
  net.Certificate(0);
  net.Propose(0, true);
  net.Lie(1, 0, Aux(1, kBoth));
  net.Lie(2, 0, Aux(1, kBoth));
  net.Lie(3, 0, Aux(1, kZero));
  EXPECT_EQ(net.node(0).round(), 1u);
  EXPECT_FALSE(net.node(0).decided());
  // 0 enters bin, and they count at once.
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(1, false));
  EXPECT_EQ(net.node(0).round(), 2u);
}

TEST(BinaryAgreement, AuxIsSentOnceThoughBinGrows) {
  BinaryNet net(4, 3);
  net.Certificate(0);
  net.Propose(0, true);
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(1, false));
  EXPECT_EQ(net.Said<vote::Aux>(0, InRound<vote::Aux>(1)), 1);
}

TEST(BinaryAgreement, TheFirstAuxOfANodeCounts) {
  BinaryNet net(4, 3);
  net.Certificate(0);
  net.Propose(0, true);
  net.Lie(1, 0, Aux(1, kZero));
  net.Lie(1, 0, Aux(1, kOne));
  net.Lie(2, 0, Aux(1, kOne));
  EXPECT_FALSE(net.node(0).decided());
}

TEST(BinaryAgreement, DecidedFromFIsNotBelievedAndFromFPlusOneIs) {
  for (int n : {4, 7, 10}) {
    const int f = (n - 1) / 3;
    for (bool value : {false, true}) {
      BinaryNet net(n, n - 1);
      for (int i = 1; i <= f; ++i) {
        net.Lie(i, 0, Decided(value));
        net.Lie(i, 0, Decided(value));
        net.Lie(i, 0, Decided(!value));
      }
      EXPECT_FALSE(net.node(0).decided()) << n;
      net.Lie(f + 1, 0, Decided(value));
      EXPECT_EQ(net.node(0).decided(), value) << n;
      EXPECT_EQ(net.Said<vote::Decided>(0), 1);
    }
  }
}

TEST(BinaryAgreement, DecidedStandsForEstAndAuxWhereNoAuxIsHeld) {
  // DECIDED(0) of one, EST of another and its own: 2f+1 in the second round as in the first.
  BinaryNet net(4, 3);
  net.Propose(0, false);
  net.Lie(1, 0, Decided(false));
  net.Lie(2, 0, Est(1, false));
  EXPECT_EQ(net.Said<vote::Aux>(0, InRound<vote::Aux>(1)), 1);
  net.Lie(2, 0, Aux(1, kZero));
  EXPECT_EQ(net.node(0).round(), 2u);
}

TEST(BinaryAgreement, DecidedOneNeverPutsOneIntoTheFirstBin) {
  BinaryNet net(10, 9);
  net.Propose(0, false);
  for (int i = 1; i <= 3; ++i) net.Lie(i, 0, Decided(true));
  EXPECT_EQ(net.Said<vote::Aux>(0), 0);
  net.Lie(4, 0, Decided(true));
  EXPECT_EQ(net.Said<vote::Est>(0, [](const vote::Est& e) { return e.round == 1 && e.value; }), 0);
}

TEST(BinaryAgreement, EstOfOneInTheFirstRoundIsWorthNothing) {
  BinaryNet net(4, 3);
  net.Propose(0, false);
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(1, true));
  EXPECT_EQ(net.Said<vote::Est>(0), 1) << "its own, of 0";
  EXPECT_EQ(net.Said<vote::Aux>(0), 0);
}

TEST(BinaryAgreement, ADecidedNodeOpensNoRoundAndSendsNoAux) {
  BinaryNet net(4, 3);
  net.Certificate(0);
  net.Propose(0, true);
  net.Lie(1, 0, Aux(1, kOne));
  net.Lie(2, 0, Aux(1, kOne));
  ASSERT_EQ(net.node(0).decided(), true);
  for (int i = 1; i < 4; ++i) {
    net.Lie(i, 0, Est(2, true));
    net.Lie(i, 0, Aux(2, kOne));
  }
  EXPECT_EQ(net.node(0).round(), 1u);
  EXPECT_EQ(net.Said<vote::Aux>(0), 1);
}

TEST(BinaryAgreement, RelayingEndsWithNMinusFDecided) {
  BinaryNet net(4, 3);
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Decided(true));
  const auto before = net.votes[0].size();
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(5, false));
  EXPECT_EQ(net.votes[0].size(), before);
}

// Brings node 0 of `net` into round 4 with bin[4] = {0, 1}, 0 first, before its AUX.
void ReachRoundFour(BinaryNet& net) {
  net.Certificate(0);
  net.Propose(0, true);
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(1, false));
  for (uint32_t round = 2; round <= 4; ++round) {
    for (bool value : {false, true}) {
      for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(round, value));
    }
  }
  for (uint32_t round = 1; round <= 3; ++round) {
    for (int i = 1; i < 4; ++i) net.Lie(i, 0, Aux(round, kBoth));
  }
  ASSERT_EQ(net.node(0).round(), 4u);
}

TEST(BinaryAgreement, FromTheFourthRoundOnTheCoordinatorsHintIsFollowed) {
  for (bool hinted : {false, true}) {
    BinaryNet net(4, 3, NodeIndex{1});  // slot 1: node (1 + 4) mod 4 = 1 coordinates round 4
    ReachRoundFour(net);
    EXPECT_EQ(net.Said<vote::Aux>(0, InRound<vote::Aux>(4)), 0) << "it waits for the hint";
    net.Lie(2, 0, vote::Hint{kSlot, 4, !hinted});  // not its turn
    net.Lie(1, 0, vote::Hint{kSlot, 4, hinted});
    net.Lie(1, 0, vote::Hint{kSlot, 4, !hinted});  // the first counts
    ASSERT_EQ(net.timers[0].size(), 1u);
    EXPECT_EQ(net.timers[0][0].wait_ms, net.roster.parameters().hint_base_ms);
    net.Fire(0, net.timers[0][0].key);
    EXPECT_EQ(net.Said<vote::Aux>(0,
                                  [&](const vote::Aux& aux) {
                                    return aux.round == 4 && aux.values == (hinted ? kOne : kZero);
                                  }),
              1);
    // And T again after AUX, though enough of it is here.
    for (int i = 1; i < 4; ++i) net.Lie(i, 0, Aux(4, kZero));
    EXPECT_EQ(net.node(0).round(), 4u);
    EXPECT_FALSE(net.node(0).decided());
    ASSERT_EQ(net.timers[0].size(), 2u);
    EXPECT_EQ(net.timers[0][1].key.type, TimerType::kAuxWait);
    net.Fire(0, net.timers[0][1].key);
    EXPECT_EQ(net.node(0).decided(), false);  // three AUX {0} in an even round
  }
}

TEST(BinaryAgreement, AHintOutsideBinIsNotFollowed) {
  BinaryNet net(4, 3, NodeIndex{1});
  net.Certificate(0);
  net.Propose(0, true);
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(1, false));
  for (uint32_t round : {2u, 3u}) {
    for (bool value : {false, true}) {
      for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(round, value));
    }
  }
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(4, true));
  for (uint32_t round = 1; round <= 3; ++round) {
    for (int i = 1; i < 4; ++i) net.Lie(i, 0, Aux(round, kBoth));
  }
  ASSERT_EQ(net.node(0).round(), 4u);
  net.Lie(1, 0, vote::Hint{kSlot, 4, false});
  ASSERT_EQ(net.timers[0].size(), 1u);
  net.Fire(0, net.timers[0][0].key);
  EXPECT_EQ(net.Said<vote::Aux>(
                0, [](const vote::Aux& aux) { return aux.round == 4 && aux.values == kOne; }),
            1);
}

// Not even that there is such a round: two DECIDED would be relayed as EST of it.
TEST(BinaryAgreement, AHintThatIsIgnoredLeavesNothingBehind) {
  BinaryNet net(4, 3, NodeIndex{1});
  net.Lie(2, 0, vote::Hint{kSlot, 4, true});  // node 1 coordinates round 4
  net.Lie(3, 0, vote::Hint{kSlot, 2, true});  // as node 3 does round 2, which knows no hints
  net.Lie(2, 0, Decided(false));
  net.Lie(3, 0, Decided(false));
  EXPECT_EQ(net.node(0).decided(), false);
  EXPECT_EQ(net.Said<vote::Est>(0), 0);
}

TEST(BinaryAgreement, TheCoordinatorHintsTheFirstValueOfItsBinOnce) {
  BinaryNet net(4, 3, NodeIndex{0});  // node (0 + 4) mod 4 = 0
  ReachRoundFour(net);
  EXPECT_EQ(net.Said<vote::Hint>(0), 1);
  EXPECT_EQ(net.Said<vote::Hint>(
                0, [](const vote::Hint& hint) { return hint.round == 4 && !hint.value; }),
            1);
}

}  // namespace
}  // namespace decentd::testing
