// Claims of docs/SPEC.md, section 5, and the mistakes of section 14 that concern it.
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

// Section 14, item 1. X = 0 decides 1 with a liar's AUX; Y = 1 needs X's relay of EST(0) after
// that.
TEST(BinaryAgreement, ADeciderGoesOnRelaying) {
  BinaryNet net(4, 1);
  const int x = 0, y = 1, z = 2, liar = 3;
  net.Certificate(x);
  net.Propose(x, true);  // AUX {1}
  net.Propose(y, false);
  net.Certificate(y);  // AUX {1}
  // The liar's EST(0) goes to Z alone, which relays, and then gets the certificate: AUX {0,1}.
  net.Lie(liar, z, Est(1, false));
  net.Deliver([&](const auto& m) {
    return m.to == z && m.from == y && std::holds_alternative<vote::Est>(m.vote);
  });
  net.Certificate(z);
  net.Propose(z, true);
  net.Deliver([&](const auto& m) {
    return m.to == x && m.from == y && std::holds_alternative<vote::Aux>(m.vote);
  });
  net.Lie(liar, x, Aux(1, kOne));
  ASSERT_EQ(net.node(x).decided(), true);
  ASSERT_EQ(net.Said<vote::Est>(x), 0) << "X had no reason to relay before it decided";
  // From here on the liar is silent and all else arrives.
  net.RunToTheEnd();
  for (int i : {x, y, z}) EXPECT_EQ(net.node(i).decided(), true) << i;
}

// Section 14, item 2. X = 0 leaves the second round undecided with bin = {1}; Y = 1 is in it still
// and needs X's relay of EST[2](0) to admit Z's AUX {0}.
TEST(BinaryAgreement, RelayingGoesOnInRoundsThatWereLeft) {
  BinaryNet net(4, 1);
  const int x = 0, y = 1, z = 2, liar = 3;
  const auto in_round = [](const BinaryNet::Message& m, uint32_t round) {
    const auto* est = std::get_if<vote::Est>(&m.vote);
    const auto* aux = std::get_if<vote::Aux>(&m.vote);
    return (est != nullptr && est->round == round) || (aux != nullptr && aux->round == round);
  };
  net.Certificate(x);
  net.Propose(x, true);  // AUX {1}
  net.Propose(y, false);
  net.Propose(z, false);
  // Y and Z see three AUX {0} in the first round, X a mixture: 0, 0 and 1 go into the second.
  for (int i : {y, z}) {
    net.Lie(liar, i, Est(1, false));
    net.Lie(liar, i, Aux(1, kZero));
  }
  net.Deliver([&](const auto& m) { return m.from != x && m.to != x && in_round(m, 1); });
  ASSERT_EQ(net.node(y).round(), 2u);
  ASSERT_EQ(net.node(z).round(), 2u);
  net.Deliver([&](const auto& m) { return m.to == x && in_round(m, 1); });
  ASSERT_EQ(net.node(x).round(), 2u);
  net.Certificate(y);
  net.Certificate(z);

  const auto est2 = [](const BinaryNet::Message& m, bool value) {
    const auto* est = std::get_if<vote::Est>(&m.vote);
    return est != nullptr && est->round == 2 && est->value == value;
  };
  // EST[2](1) of X and the liar reach Y, which relays; X gets 1 and leaves with AUX {1} of three.
  net.Lie(liar, y, Est(2, true));
  net.Lie(liar, x, Est(2, true));
  net.Deliver(
      [&](const auto& m) { return (m.to == y || m.to == x) && m.from != z && est2(m, true); });
  net.Lie(liar, z, Est(2, false));
  net.Deliver([&](const auto& m) { return m.from == y && m.to == z && est2(m, false); });
  net.Lie(liar, x, Aux(2, kOne));
  net.Deliver([&](const auto& m) {
    return m.from == y && m.to == x && std::holds_alternative<vote::Aux>(m.vote) && in_round(m, 2);
  });
  ASSERT_EQ(net.node(x).round(), 3u);
  ASSERT_EQ(net.Said<vote::Est>(x, [](const vote::Est& e) { return e.round == 2 && !e.value; }), 0);
  net.RunToTheEnd();
  EXPECT_TRUE(net.AllDecided());
}

TEST(BinaryAgreement, RelayingEndsWithNMinusFDecided) {
  BinaryNet net(4, 3);
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Decided(true));
  const auto before = net.votes[0].size();
  for (int i = 1; i < 4; ++i) net.Lie(i, 0, Est(5, false));
  EXPECT_EQ(net.votes[0].size(), before);
}

// Section 14, item 3.
TEST(BinaryAgreement, RoundsOneToThreeWaitForNoTimerAndSendNoHint) {
  BinaryNet net(4, 3, NodeIndex{0});
  net.Propose(0, false);
  for (uint32_t round = 1; round <= 3; ++round) {
    for (int i = 1; i < 4; ++i) {
      net.Lie(i, 0, Est(round, false));
      if (round > 1) net.Lie(i, 0, Est(round, true));
    }
    if (round == 1) net.Certificate(0);
    for (int i = 1; i < 4; ++i) net.Lie(i, 0, Aux(round, i == 1 ? kOne : kZero));
    if (net.node(0).decided()) break;
  }
  EXPECT_TRUE(net.timers[0].empty());
  EXPECT_EQ(net.Said<vote::Hint>(0), 0);
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
