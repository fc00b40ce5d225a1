// Claims of docs/SPEC.md, sections 3, 6, 9 and 11, about one round at one node.
#include "node/core/round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RoundTest : public ::testing::Test {
 protected:
  const SignedCluster signed_{4};
  const Verified<Query> query_ = signed_.MakeQuery();
  Round round_{signed_.roster(), At(0), query_};
  const RoundId id_ = round_.id();

  Verified<Votes> Votes1(int node, uint64_t seq) const {
    return signed_.Voted(node, id_, seq, {vote::Enter{Phase::kAnswer}});
  }
  Verified<Votes> Echo(int node, NodeIndex author, uint64_t seq = 0,
                       const std::string& payload = "a") const {
    return signed_.Voted(node, id_, seq, {vote::Echo{{Phase::kAnswer, author}, Sha256(payload)}});
  }
  Verdict SomeVerdict() const {
    Verdict verdict;
    verdict.outcome = Outcome::kTooFewAnswers;
    verdict.workers = verdict.evaluators = 4;
    return verdict;
  }
  Verified<Decision> Decided(int node, const Verdict& verdict) const {
    return signed_.Say(node, Decision{id_, verdict.Encode(), Closed::kNone, Closed::kNone});
  }
};

TEST_F(RoundTest, TheRoundIsNamedByItsQuery) { EXPECT_EQ(id_.digest, query_.body_digest()); }

TEST_F(RoundTest, VotesAreNumberedFromZeroWithoutGaps) {
  Effects start = round_.Start(true);
  ASSERT_EQ(start.say.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Sponsor>(start.say[0]));
  EXPECT_TRUE(start.start_answer);
  Effects first = round_.Flush();
  ASSERT_EQ(first.say.size(), 1u);
  EXPECT_EQ(std::get<Votes>(first.say[0]).seq, 0u);
  EXPECT_THAT(round_.Flush().say, IsEmpty()) << "nothing new to say";
  (void)round_.Step(event::ProposeReceived{signed_.Answered(1, id_)});
  Effects second = round_.Flush();
  ASSERT_EQ(second.say.size(), 1u);
  EXPECT_EQ(std::get<Votes>(second.say[0]).seq, 1u);
}

TEST_F(RoundTest, EnterDecidedAndTheEchoOfItsOwnSlotWaitForWhatIsSaidNext) {
  (void)round_.Start(false);
  EXPECT_TRUE(round_.has_votes());
  EXPECT_FALSE(round_.urgent()) << "an ENTER";
  const Verified<Propose> own = signed_.Answered(0, id_);
  (void)round_.Step(event::ModelFinished{Phase::kAnswer, own->payload});
  (void)round_.Step(event::ProposeReceived{own});
  EXPECT_FALSE(round_.urgent()) << "an echo of the own slot";
  (void)round_.Step(event::ProposeReceived{signed_.Answered(1, id_)});
  EXPECT_TRUE(round_.urgent()) << "an echo of another's slot";
  Effects out = round_.Flush();
  ASSERT_EQ(out.say.size(), 1u);
  EXPECT_EQ(std::get<Votes>(out.say[0]).votes.size(), 3u);
  EXPECT_FALSE(round_.urgent());
  EXPECT_FALSE(round_.has_votes());
}

TEST_F(RoundTest, ARepetitionIsNotAcceptedAndSoNotJournaled) {
  (void)round_.Start(false);
  EXPECT_TRUE(round_.Step(event::VotesReceived{Votes1(1, 0)}).accepted);
  EXPECT_FALSE(round_.Step(event::VotesReceived{Votes1(1, 0)}).accepted);
  EXPECT_TRUE(round_.Step(event::ProposeReceived{signed_.Answered(1, id_)}).accepted);
  EXPECT_FALSE(round_.Step(event::ProposeReceived{signed_.Answered(1, id_)}).accepted);
}

TEST_F(RoundTest, TwoBodiesWithOneNumberAreEvidenceOnceForAnAuthor) {
  (void)round_.Start(false);
  (void)round_.Step(event::VotesReceived{Votes1(1, 0)});
  const auto other = signed_.Voted(1, id_, 0, {vote::Enter{Phase::kSheet}});
  Effects out = round_.Step(event::VotesReceived{other});
  ASSERT_EQ(out.evidence.size(), 1u);
  EXPECT_EQ(out.evidence[0].type, Evidence::Type::kVotes);
  EXPECT_THAT(round_.Step(event::VotesReceived{other}).evidence, IsEmpty());
}

TEST_F(RoundTest, EvidenceAgainstOneAuthorIsBounded) {
  (void)round_.Start(false);
  size_t found = 0;
  uint64_t seq = 0;
  for (int author = 0; author < 4; ++author) {
    for (const char* payload : {"a", "b"}) {
      found +=
          round_.Step(event::VotesReceived{Echo(1, At(author), seq++, payload)}).evidence.size();
    }
  }
  EXPECT_EQ(found, 4u);
  const auto other = signed_.Voted(1, id_, 0, {vote::Enter{Phase::kSheet}});
  EXPECT_THAT(round_.Step(event::VotesReceived{other}).evidence, IsEmpty());
}

TEST_F(RoundTest, VotesHeldWithoutGapsAreCounted) {
  (void)round_.Start(false);
  (void)round_.Step(event::VotesReceived{Votes1(1, 1)});
  EXPECT_EQ(round_.ContiguousVotes(At(1)), 0u);
  (void)round_.Step(event::VotesReceived{Votes1(1, 0)});
  EXPECT_EQ(round_.ContiguousVotes(At(1)), 2u);
}

TEST_F(RoundTest, OneAuthorsVotesAreBoundedByTheirBytes) {
  (void)round_.Start(false);
  std::vector<Vote> many;
  for (uint32_t i = 0; i < 300; ++i) {
    many.push_back(vote::Est{{Phase::kAnswer, At(static_cast<int>(i % 4))}, 1 + i % 32, false});
  }
  size_t kept = 0;
  bool refused = false;
  for (uint64_t seq = 0; seq < 400 && !refused; ++seq) {
    const auto votes = signed_.Voted(1, id_, seq, many);
    Effects out = round_.Step(event::VotesReceived{votes});
    refused = !out.accepted;
    if (refused) {
      ASSERT_EQ(out.blames.size(), 1u);
      EXPECT_EQ(out.blames[0].kind, FaultKind::kOverBudget);
    } else {
      kept += votes.envelope()->body.size();
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_LE(kept, limits::MaxVotesBytesPerRound(4));
  EXPECT_TRUE(round_.Step(event::VotesReceived{Votes1(2, 0)}).accepted) << "others are heard";
}

TEST(RoundOfMany, WhatIsLongerThanABodyIsSaidInSeveralWithoutGaps) {
  const SignedCluster cluster(static_cast<int>(limits::kMaxNodes));
  Round round(cluster.roster(), At(0), cluster.MakeQuery());
  (void)round.Start(false);
  for (int author = 1; author < cluster.roster().n(); ++author) {
    (void)round.Step(event::ProposeReceived{cluster.Answered(author, round.id())});
  }
  Effects flushed = round.Flush();
  ASSERT_EQ(flushed.say.size(), 2u);
  uint64_t seq = 0;
  size_t votes = 0;
  for (const Statement& statement : flushed.say) {
    const Votes& one = std::get<Votes>(statement);
    EXPECT_EQ(one.seq, seq++);
    EXPECT_LE(EncodeBody(one).size(), MaxBodyBytes(Kind::kVotes));
    votes += one.votes.size();
  }
  EXPECT_EQ(votes, limits::kMaxNodes) << "ENTER, and an echo of everyone else";
  EXPECT_THAT(round.Flush().say, IsEmpty());
}

TEST_F(RoundTest, ASilencedRoundSaysNothingThatWasGatheredBefore) {
  (void)round_.Start(true);
  (void)round_.Step(event::ProposeReceived{signed_.Answered(1, id_)});
  round_.Silence();
  EXPECT_THAT(round_.Flush().say, IsEmpty());
  EXPECT_THAT(round_.Step(event::ProposeReceived{signed_.Answered(2, id_)}).say, IsEmpty());
  EXPECT_THAT(round_.Flush().say, IsEmpty());
}

TEST_F(RoundTest, ASilencedRoundTakesItsOwnOldStatementsAsNews) {
  (void)round_.Start(true);
  round_.Silence();
  Effects out = round_.Step(event::VotesReceived{Votes1(0, 7)});
  EXPECT_THAT(out.halt, IsEmpty());
  EXPECT_TRUE(out.accepted);
  EXPECT_THAT(round_.Step(event::ProposeReceived{signed_.Answered(0, id_)}).halt, IsEmpty());
}

TEST_F(RoundTest, FPlusOneEqualDecisionsAreTheOutcomeAndOneIsNot) {
  (void)round_.Start(false);
  Verdict other = SomeVerdict();
  other.answer_count = 1;
  (void)round_.Step(event::DecisionReceived{Decided(1, SomeVerdict())});
  (void)round_.Step(event::DecisionReceived{Decided(3, other)});
  EXPECT_FALSE(round_.outcome());
  (void)round_.Step(event::DecisionReceived{Decided(2, SomeVerdict())});
  EXPECT_EQ(round_.outcome(), SomeVerdict());
  EXPECT_FALSE(round_.finished()) << "this node has agreed on nothing itself";
  EXPECT_EQ(round_.EqualDecisions().size(), 2u);
}

TEST_F(RoundTest, AQuerysDeadlinesAreNotBelowTheRosters) {
  Query query = signed_.cluster.MakeQuery();
  query.answer_soft_ms = 1;
  query.answer_hard_ms = 2;
  auto verified = signed_.verifier.Verify(
      SignQuery(signed_.cluster.client(), signed_.roster().cluster_id(), query));
  Round round(signed_.roster(), At(0), std::get<Verified<Query>>(std::get<AnyVerified>(verified)));
  (void)round.Start(false);
  Effects own = round.Flush();
  (void)round.Step(event::VotesReceived{signed_.Say(0, std::get<Votes>(own.say[0]))});
  Effects last;
  for (int i = 1; i < 3; ++i) {
    last = round.Step(
        event::VotesReceived{signed_.Voted(i, round.id(), 0, {vote::Enter{Phase::kAnswer}})});
  }
  const PhaseDeadlines& least = signed_.roster().parameters().answer;
  ASSERT_EQ(last.timers.size(), 2u);
  EXPECT_GE(last.timers[0].wait_ms, least.min_soft_ms);
  EXPECT_GE(last.timers[1].wait_ms, least.min_hard_ms);
  EXPECT_GT(last.timers[1].wait_ms, last.timers[0].wait_ms);
}

TEST_F(RoundTest, AModelsSecondResultIsNotProposed) {
  (void)round_.Start(false);
  Effects first =
      round_.Step(event::ModelFinished{Phase::kAnswer, Answer{"one", "test", "stop", {}}});
  EXPECT_EQ(first.say.size(), 1u);
  EXPECT_FALSE(round_.NeedsAnswer());
  Effects second =
      round_.Step(event::ModelFinished{Phase::kAnswer, Answer{"two", "test", "stop", {}}});
  EXPECT_THAT(second.say, IsEmpty());
  EXPECT_FALSE(second.accepted);
  EXPECT_THAT(round_.Step(event::ModelFinished{Phase::kSheet, Abstain{}}).say, IsEmpty())
      << "phase S has not begun";
}

// SPEC, section 1: a committee answers, all agree on what it said.
TEST_F(RoundTest, OnlyTheCommitteesMembersAreAskedAndHeard) {
  const Verified<Query> query = signed_.MakeQuery(0, 1'800'000'000'000, 1, /*committee=*/2);
  const RoundId id{query.body_digest()};
  const NodeSet committee = signed_.roster().Committee(id, 2).panel(Phase::kAnswer);
  EXPECT_EQ(committee.Size(), 2);
  for (int node = 0; node < 4; ++node) {
    Round round(signed_.roster(), At(node), query);
    const bool member = committee.Has(At(node));
    EXPECT_EQ(round.Start(false).start_answer, member) << node;
    EXPECT_EQ(round.NeedsAnswer(), member) << node;
    const Effects effects = round.Step(event::ModelFinished{Phase::kAnswer, Abstain{}});
    EXPECT_EQ(effects.say.size(), member ? 1u : 0u) << node;
    for (int author = 0; author < 4; ++author) {
      if (author == node) continue;
      const Effects heard = round.Step(event::ProposeReceived{signed_.Answered(author, id)});
      EXPECT_EQ(heard.accepted, committee.Has(At(author))) << author;
    }
    // What is said of other slots has no effect, and is no fault: the council has them.
    const int outside = committee.Has(At(0)) ? (committee.Has(At(1)) ? 2 : 1) : 0;
    const Effects votes = round.Step(event::VotesReceived{signed_.Voted(
        (node + 1) % 4, id, 0, {vote::Decided{{Phase::kAnswer, At(outside)}, true}})});
    EXPECT_THAT(votes.blames, IsEmpty());
  }
}

}  // namespace
}  // namespace decentd::testing
