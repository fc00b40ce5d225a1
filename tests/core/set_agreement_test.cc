// Claims of docs/SPEC.md, section 6, and the mistakes of section 14 that concern it: one node's
// view, fed with what others signed.
#include "node/core/set_agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

class OneNode {
 public:
  explicit OneNode(int n) : cluster(n), set(cluster.roster(), At(0), Phase::kAnswer, 1000, 5000) {}

  void Enter() {
    set.Enter([](const Propose&) { return true; }, out);
    Vote(0, {vote::Enter{Phase::kAnswer}});
  }
  void Vote(int from, std::vector<decentd::Vote> votes) {
    set.OnVotes(cluster.Voted(from, round, seq++, std::move(votes)), out);
  }
  void EnterOthers(int count) {
    for (int i = 1; i <= count; ++i) Vote(i, {vote::Enter{Phase::kAnswer}});
  }
  // The slot's certificate and payload are here.
  void Certify(int author, bool usable = true) {
    const auto payload =
        usable ? cluster.Answered(author, round) : cluster.Abstained(author, round);
    set.OnPropose(payload, out);
    set.OnCertificate(cluster.Certify(round, SlotOf(author), payload.body_digest(), seq++), out);
  }
  void Decide(int author, bool value) {
    for (int i = 1; i <= cluster.roster().f() + 1; ++i) {
      Vote(i, {vote::Decided{SlotOf(author), value}});
    }
  }
  void Fire(TimerType type) {
    const auto it =
        std::ranges::find_if(out.timers, [&](const auto& timer) { return timer.key.type == type; });
    ASSERT_NE(it, out.timers.end()) << "this timer was not asked for";
    const TimerKey key = it->key;
    out.timers.erase(it);
    set.OnTimer(key, out);
  }
  bool Timed(TimerType type) const {
    return std::ranges::any_of(out.timers, [&](const auto& t) { return t.key.type == type; });
  }
  // Slots that got input 0: an EST(0) of round 1 was said before anyone else's.
  int ZeroInputs() const {
    return static_cast<int>(std::ranges::count_if(out.votes, [](const decentd::Vote& vote) {
      const auto* est = std::get_if<vote::Est>(&vote);
      return est != nullptr && est->round == 1 && !est->value;
    }));
  }
  int Echoes() const {
    return static_cast<int>(std::ranges::count_if(out.votes, [](const decentd::Vote& vote) {
      return std::holds_alternative<vote::Echo>(vote);
    }));
  }
  static Slot SlotOf(int author) { return {Phase::kAnswer, At(author)}; }

  SignedCluster cluster;
  const RoundId round = TestRound("set");
  SetAgreement set;
  Effects out;
  uint64_t seq = 0;
};

// Section 14, item 10: with ENTER of fewer than n - f nodes no deadline runs.
TEST(SetAgreement, DeadlinesStartWithEnterOfNMinusF) {
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

TEST(SetAgreement, EnterOfOthersCountsOnlyWithOnesOwn) {
  OneNode node(4);
  node.EnterOthers(3);
  EXPECT_TRUE(node.out.timers.empty());
  node.Enter();
  EXPECT_EQ(node.out.timers.size(), 2u);
}

// Section 14, item 4.
TEST(SetAgreement, TheHardDeadlineClosesWithoutTheGate) {
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

// Section 14, item 11: the gate counts slots decided 1, not certificates held.
TEST(SetAgreement, TheSoftDeadlineClosesOnlyWithTheGateDecided) {
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

// Section 14, item 5.
TEST(SetAgreement, AbstainsFillTheGateButNotTheMinimum) {
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

TEST(SetAgreement, AnAuthorNeverHeardNeedsOnlyTheMissingLink) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(2);
  for (int i = 0; i < 3; ++i) {
    node.Certify(i);
    node.Decide(i, true);
  }
  EXPECT_EQ(node.ZeroInputs(), 0);
  NodeSet unlinked;
  unlinked.Add(At(3));
  node.set.OnUnlinked(unlinked, node.out);
  EXPECT_EQ(node.ZeroInputs(), 1);
  EXPECT_EQ(node.set.closed(), Closed::kAbsent);
}

TEST(SetAgreement, AnAuthorHeardInTheRoundNeedsASilenceAsWell) {
  OneNode node(4);
  node.Enter();
  node.EnterOthers(3);
  node.set.OnHeard(At(3), node.out);
  for (int i = 0; i < 3; ++i) {
    node.Certify(i);
    node.Decide(i, true);
  }
  NodeSet unlinked;
  unlinked.Add(At(3));
  node.set.OnUnlinked(unlinked, node.out);
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

TEST(SetAgreement, AMissingAuthorWithALinkIsWaitedFor) {
  OneNode node(7);  // f_W = 2: gate 5
  node.Enter();
  node.EnterOthers(4);
  for (int i = 0; i < 5; ++i) {
    node.Certify(i);
    node.Decide(i, true);
  }
  NodeSet unlinked;
  unlinked.Add(At(5));
  node.set.OnUnlinked(unlinked, node.out);
  EXPECT_EQ(node.ZeroInputs(), 0) << "6 has a link";
  unlinked.Add(At(6));
  node.set.OnUnlinked(unlinked, node.out);
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
  for (int i = 0; i < 4; ++i) {
    node.Certify(i);
    node.Decide(i, true);
  }
  EXPECT_TRUE(node.set.ended());
  EXPECT_EQ(node.set.agreed().size(), 4u);
}

TEST(SetAgreement, ThePhaseEndsOnlyWithThePayloadOfEverySlotDecidedOne) {
  OneNode node(4);
  node.Enter();
  for (int i = 0; i < 3; ++i) {
    node.Certify(i);
    node.Decide(i, true);
  }
  node.Decide(3, true);
  EXPECT_FALSE(node.set.ended());
  const auto payload = node.cluster.Answered(3, node.round);
  node.set.OnCertificate(
      node.cluster.Certify(node.round, OneNode::SlotOf(3), payload.body_digest(), node.seq++),
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
