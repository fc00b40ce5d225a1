// The mistakes of docs/SPEC.md, section 14, one suite for each item: Mistake01 to Mistake11. Those
// that show only in whole nodes are in tests/runtime/mistakes_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "node/core/round.h"
#include "tests/core/binary_agreement_net.h"
#include "tests/core/one_node.h"
#include "tests/core/set_net.h"

namespace decentd::testing {
namespace {

using ::testing::HasSubstr;

// X = 0 decides 1 with a liar's AUX; Y = 1 needs X's relay of EST(0) after that.
TEST(Mistake01, ADeciderGoesOnRelaying) {
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

// X = 0 leaves the second round undecided with bin = {1}; Y = 1 is in it still
// and needs X's relay of EST[2](0) to admit Z's AUX {0}.
TEST(Mistake02, RelayingGoesOnInRoundsThatWereLeft) {
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

TEST(Mistake03, RoundsOneToThreeWaitForNoTimerAndSendNoHint) {
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

// A slot that is absent everywhere takes its 4 delays and no wait.
TEST(Mistake03, AnAbsentSlotIsDecidedWithoutATimer) {
  for (int n : {1, 4, 7, 10}) {
    BinaryNet net(n, 0);
    for (int i = 0; i < n; ++i) net.Propose(i, false);
    net.Deliver();
    EXPECT_TRUE(net.AllDecided()) << n;
    for (int i = 0; i < n; ++i) EXPECT_TRUE(net.timers[static_cast<size_t>(i)].empty()) << n;
  }
}

TEST(Mistake04, TheHardDeadlineClosesWithoutTheGate) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(2);
  node.Certify(0);
  node.Fire(TimerType::kSoftDeadline);
  EXPECT_EQ(node.ZeroInputs(), 0) << "soft alone does not close below the gate";
  node.Fire(TimerType::kHardDeadline);
  EXPECT_EQ(node.ZeroInputs(), 3);
  EXPECT_EQ(node.set.closed(), Closed::kHard);
}

TEST(Mistake05, AbstainsFillTheGateButNotTheMinimum) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(2);
  node.Certify(0);
  node.Certify(1, /*usable=*/false);
  node.Certify(2, /*usable=*/false);
  for (int i = 0; i < 3; ++i) node.Decide(i, true);
  node.Fire(TimerType::kSoftDeadline);
  EXPECT_EQ(node.ZeroInputs(), 0) << "one usable answer, and two are needed";
  node.Certify(3);
  EXPECT_EQ(node.ZeroInputs(), 0) << "and its certificate is input 1";
  node.Decide(3, true);
  EXPECT_TRUE(node.set.ended());
  EXPECT_EQ(node.set.usable(), 2);
  EXPECT_EQ(node.set.agreed().size(), 4u);
}

// With the gate of |E| - floor((|E| - 1) / 3) = 4 the two liars that this roster speaks of would be
// as many as the honest.
TEST(Mistake06, OfFiveEvaluatorsTwoMayLieSoFourSheetsCloseNothing) {
  OneNode node(7, Phase::kSheet, [](std::vector<RosterNode>& nodes, RosterParameters& parameters) {
    nodes[5].evaluator = nodes[6].evaluator = false;
    parameters.faulty_evaluators = 2;
  });
  node.Enter();
  node.EnterOthers(4);
  node.Include(4);
  node.Fire(TimerType::kSoftDeadline);
  EXPECT_EQ(node.ZeroInputs(), 0);
  node.Certify(4);
  node.Decide(4, true);
  EXPECT_TRUE(node.set.ended());
}

TEST(Mistake06, WhateverFaultyNumberIsStatedTheHonestAreAMajorityOfTheGate) {
  for (int n = 1; n <= 16; ++n) {
    for (int evaluators = 1; evaluators <= n; ++evaluators) {
      const int most = std::min((n - 1) / 3, (evaluators - 1) / 2);
      for (int faulty = -1; faulty <= most; ++faulty) {
        const Roster roster = PlainRoster(n, [&](auto& nodes, RosterParameters& parameters) {
          for (int i = evaluators; i < n; ++i) nodes[static_cast<size_t>(i)].evaluator = false;
          parameters.faulty_evaluators = faulty;
        });
        const int stated = roster.panel_faulty(Phase::kSheet);
        if (faulty >= 0) {
          EXPECT_EQ(stated, faulty);
        }
        EXPECT_GT(roster.gate(Phase::kSheet) - stated, stated) << n << " " << evaluators;
        EXPECT_GT(roster.minimum(Phase::kSheet) - stated, stated) << n << " " << evaluators;
      }
    }
  }
}

// What a node signed and does not know of shows that it forgot.
TEST(Mistake07, AnUnknownStatementOfItsOwnHaltsANode) {
  const SignedCluster cluster(4);
  const Verified<Query> query = cluster.MakeQuery();
  const RoundId id{query.body_digest()};
  const auto halts = [&](const Event& event) {
    Round round(cluster.roster(), At(0), query);
    (void)round.Start(false);
    return round.Step(event).halt;
  };
  const Slot slot{Phase::kAnswer, At(1)};
  const auto echo = [&](int node) {
    return cluster.Voted(node, id, 0, {vote::Echo{slot, Sha256("a")}});
  };
  Verdict verdict;
  verdict.outcome = Outcome::kTooFewAnswers;
  verdict.workers = verdict.evaluators = 4;
  const Decision decision{id, verdict.Encode(), Closed::kNone, Closed::kNone};

  EXPECT_THAT(halts(event::VotesReceived{cluster.Voted(0, id, 5, {vote::Enter{Phase::kAnswer}})}),
              HasSubstr("votes signed by this node"));
  EXPECT_THAT(halts(event::ProposeReceived{cluster.Answered(0, id)}),
              HasSubstr("a proposal signed by this node"));
  EXPECT_THAT(halts(event::DecisionReceived{cluster.Say(0, decision)}),
              HasSubstr("a decision signed by this node"));
  EXPECT_THAT(halts(event::CertificateReceived{*cluster.verifier.AssembleCertificate(
                  id, slot, Sha256("a"), {echo(0), echo(1), echo(2)})}),
              HasSubstr("a certificate holds votes signed by this node"));
  EXPECT_THAT(halts(event::SponsorReceived{cluster.Say(0, Sponsor{id})}),
              HasSubstr("a sponsorship signed by this node"));
}

// A node that is slow finds what it needs for each round where it was put when it came.
TEST(Mistake08, VotesOfRoundsThatAreFarAheadAreKept) {
  BinaryNet net(4, 3);
  for (uint32_t round = 1; round <= 3; ++round) {
    for (int i = 1; i < 4; ++i) {
      net.Lie(i, 0, Est(round, false));
      if (round > 1) net.Lie(i, 0, Est(round, true));
      net.Lie(i, 0, Aux(round, round == 3 ? kOne : kBoth));
    }
  }
  net.Certificate(0);
  net.Propose(0, true);
  EXPECT_EQ(net.node(0).round(), 3u);
  EXPECT_EQ(net.node(0).decided(), true);
}

TEST(Mistake10, DeadlinesStartWithEnterOfNMinusF) {
  for (int n : {4, 7}) {
    OneNode node(n);
    node.Enter();
    const int enough = n - (n - 1) / 3;
    node.EnterOthers(enough - 2);
    EXPECT_FALSE(node.Timed(TimerType::kHardDeadline)) << n;
    node.EnterOthers(enough - 1);
    EXPECT_TRUE(node.Timed(TimerType::kSoftDeadline)) << n;
    EXPECT_TRUE(node.Timed(TimerType::kHardDeadline)) << n;
    EXPECT_EQ(node.out.timers.size(), 2u);
  }
}

// The gate counts slots decided 1, not certificates held.
TEST(Mistake11, TheSoftDeadlineClosesOnlyWithTheGateDecided) {
  OneNode node(4);  // f_W = 1: gate 3, min 2
  node.Enter();
  node.EnterOthers(2);
  for (int i = 0; i < 3; ++i) node.Certify(i);
  node.Fire(TimerType::kSoftDeadline);
  EXPECT_EQ(node.ZeroInputs(), 0) << "certificates alone are no gate";
  node.Decide(0, true);
  node.Decide(1, true);
  EXPECT_EQ(node.ZeroInputs(), 0) << "one less than the gate";
  node.Decide(2, true);
  EXPECT_EQ(node.ZeroInputs(), 1);
  EXPECT_EQ(node.set.closed(), Closed::kSoft);
}

// The seven nodes of section 14, A to G: A's certificate is held by 0 and 1, C's by 2 and 3, E's by
// 4, those of B, D, F and G by all, when the soft deadline passes everywhere.
TEST(Mistake11, WithTheGateAllSevenSlotsAreInTheSet) {
  enum { kA, kB, kC, kD, kE, kF, kG };
  SetNet net(7);
  net.EnterAll();
  for (int i = 0; i < 7; ++i) {
    for (int author : {kB, kD, kF, kG}) net.Certify(i, author);
  }
  for (int i : {0, 1}) net.Certify(i, kA);
  for (int i : {2, 3}) net.Certify(i, kC);
  net.Certify(4, kE);
  net.Deliver();
  for (int i = 0; i < 7; ++i) net.Fire(i, TimerType::kSoftDeadline);
  net.Deliver();
  // Who has a certificate announces it, and everybody gets it.
  for (int i = 0; i < 7; ++i) {
    for (int author : {kA, kC, kE}) net.Certify(i, author);
  }
  net.Deliver();
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(net.set(i).ended()) << i;
    EXPECT_EQ(net.set(i).agreed().size(), 7u) << i;
  }
}

}  // namespace
}  // namespace decentd::testing
