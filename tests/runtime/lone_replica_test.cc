// What one replica says to whom after which input.
#include "tests/runtime/lone_replica.h"

#include <gmock/gmock.h>

#include "node/runtime/keys.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(LoneReplica, AnUnknownSponsorshipOfItsOwnHaltsToo) {
  Step({From(1, query_), From(1, signed_.Say(0, Sponsor{id_}))});
  NodeStatus status;
  replica_->FillStatus(Time(), &status);
  EXPECT_FALSE(status.voting);
  EXPECT_THAT(said_, IsEmpty());
}

// Section 6: an ENTER waits for what is said next, 20 ms at most; section 11: a restart loses none.
TEST_F(LoneReplica, WhatNobodyWaitsForIsSaidSoonAndOnceAlsoAfterARestart) {
  const auto enters = [&] { return Said<vote::Enter>([](const auto&) { return true; }); };
  Join();
  EXPECT_EQ(enters(), 0);
  EXPECT_LE(replica_->NextWakeMs(), now_ms_ + 20);
  Start();
  Step({});
  EXPECT_EQ(enters(), 1) << "held when the node stopped";
  Start();
  now_ms_ += 20;
  Step({});
  EXPECT_EQ(enters(), 0) << "said before";
}

TEST_F(LoneReplica, ANodeThatLostItsMemoryDoesNotVoteUntilItsWatermarkHasPassed) {
  WriteBatch writes;
  writes.Put(std::string(keys::kWatermark),
             keys::BigEndian(static_cast<uint64_t>(Time().unix_ms + 100'000)));
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  not_voting_.clear();
  Start();
  ASSERT_THAT(not_voting_, ElementsAre(HasSubstr("its memory was lost")));
  NodeStatus status;
  replica_->FillStatus(Time(), &status);
  EXPECT_FALSE(status.voting);
  EXPECT_EQ(status.not_voting_because, not_voting_[0]);
  now_ms_ += 99'000;
  Step({});
  EXPECT_EQ(not_voting_.size(), 1u);
  now_ms_ += 1'000;
  Step({});
  EXPECT_THAT(not_voting_, ElementsAre(HasSubstr("its memory was lost"), ""));
  replica_->FillStatus(Time(), &status);
  EXPECT_TRUE(status.voting);
}

// Found by the node's part in another roster: it is the key that must not vote.
TEST_F(LoneReplica, AHaltThatWasFoundElsewhereIsAsDurable) {
  Step({input::Halt{"it forgot"}, From(1, query_), From(1, signed_.Say(1, Sponsor{id_}))});
  EXPECT_THAT(said_, IsEmpty());
  Start();
  NodeStatus status;
  replica_->FillStatus(Time(), &status);
  EXPECT_FALSE(status.voting);
  EXPECT_THAT(status.not_voting_because, HasSubstr("it forgot"));
}

// Section 1: a roster that is retired is so for ever, and what was open in it is over.
TEST_F(LoneReplica, WhatIsOpenInARetiredRosterIsGivenUpForEver) {
  Join();
  events_.clear();
  Step({input::GiveUp{"the roster is retired"}});
  ASSERT_FALSE(IsOpen(id_));
  ASSERT_THAT(events_, Not(IsEmpty()));
  EXPECT_EQ(events_.back().type, RoundEvent::Type::kGivenUp);
  EXPECT_EQ(events_.back().detail, "the roster is retired");
  Start();
  EXPECT_FALSE(IsOpen(id_));
  Step({From(1, query_), From(1, signed_.Say(1, Sponsor{id_}))});
  EXPECT_FALSE(IsOpen(id_)) << "it would be voted in again";
}

TEST_F(LoneReplica, AReplyBeyondTheLongestBodyIsAnAbstain) {
  Join();
  Step({input::ModelFinished{id_, Phase::kAnswer,
                             Answer{std::string(limits::kMaxPayloadBytes, 'x'), "m", "stop", {}}}});
  int abstained = 0;
  for (const Statement& statement : said_) {
    if (const auto* propose = std::get_if<Propose>(&statement)) abstained += !propose->usable();
  }
  EXPECT_EQ(abstained, 1);
}

// Section 11: an unfired timer starts again in full.
TEST_F(LoneReplica, AHintWaitIsWaitedForInFullAfterARestart) {
  Join();
  const Slot slot{Phase::kAnswer, At(1)};
  Step({input::Certificate{At(1), signed_.Certify(id_, slot, Sha256("payload"), 100)}});
  std::vector<Input> inputs;
  for (int i = 1; i < 4; ++i) {
    std::vector<Vote> votes = {vote::Est{slot, 1, false}, vote::Aux{slot, 1, 3}};
    for (uint32_t round = 2; round <= 4; ++round) {
      votes.push_back(vote::Est{slot, round, false});
      votes.push_back(vote::Est{slot, round, true});
      if (round < 4) votes.push_back(vote::Aux{slot, round, 3});
    }
    inputs.push_back(Votes1(i, 0, std::move(votes)));
  }
  Step(std::move(inputs));
  const auto aux4 = [&] { return Said<vote::Aux>([](const auto& aux) { return aux.round == 4; }); };
  ASSERT_EQ(Said<vote::Aux>([](const auto& aux) { return aux.round == 3; }), 1);
  ASSERT_EQ(aux4(), 0);
  now_ms_ += 10;
  Start();
  Step({});
  EXPECT_EQ(aux4(), 0) << "it fired at once";
  now_ms_ += signed_.roster().parameters().hint_base_ms;
  Step({});
  EXPECT_EQ(aux4(), 1);
}

TEST_F(LoneReplica, AProcessThatWasStoppedBurnsNoDeadline) {
  Join();
  std::vector<Input> inputs = Beat();
  for (int i : {1, 2}) inputs.push_back(Votes1(i, 0, {vote::Enter{Phase::kAnswer}}));
  Step(std::move(inputs));
  now_ms_ += 100 * signed_.roster().parameters().answer.hard_ms;
  Step({});
  EXPECT_EQ(ZeroInputs(), 0);
  Step(Beat());
  EXPECT_EQ(ZeroInputs(), 0);
  // And with the quorum back the deadline passes in its time.
  for (int64_t end = now_ms_ + 2 * signed_.roster().parameters().answer.hard_ms;
       now_ms_ < end && ZeroInputs() == 0;) {
    now_ms_ += 1'000;
    Step(Beat());
  }
  EXPECT_GT(ZeroInputs(), 0);
}

// Section 6: who has had no live link for absent_after is absent then, not at some later heartbeat.
TEST_F(LoneReplica, ANodeWakesForAnAbsenceThatBegins) {
  Step({input::LinkUp{At(1)}});
  const int64_t begins =
      now_ms_ + 500 + static_cast<int64_t>(signed_.roster().parameters().absent_after_ms);
  now_ms_ += 500;
  Step({input::LinkDown{At(1)}});
  while (replica_->NextWakeMs() < begins) {
    now_ms_ = replica_->NextWakeMs();
    Step({});
  }
  EXPECT_EQ(replica_->NextWakeMs(), begins);
  now_ms_ = begins;
  EXPECT_EQ(replica_->NextWakeMs(), begins) << "asked again by who wakes for it";
  Step({});
  EXPECT_GT(replica_->NextWakeMs(), begins);
}

// Section 6, absent rule: after a restart the round must not go by links of before.
TEST_F(LoneReplica, AfterARestartNobodyIsAbsentThatIsLinkedNow) {
  Step({input::LinkUp{At(1)}, input::LinkUp{At(2)}});
  now_ms_ += 10'000;
  Step({});
  Join();  // knows that 3 is unlinked
  Start();
  std::vector<Input> inputs;
  for (int i : {1, 2, 3}) inputs.push_back(input::LinkUp{At(i)});
  for (int author : {0, 1, 2}) {
    const Slot slot{Phase::kAnswer, At(author)};
    if (author != 0) {
      const auto answer = signed_.Answered(author, id_);
      inputs.push_back(From(author, answer));
      inputs.push_back(input::Certificate{
          At(1),
          signed_.Certify(id_, slot, answer.body_digest(), 100 + static_cast<uint64_t>(author))});
    }
  }
  Step({input::ModelFinished{id_, Phase::kAnswer, Answer{"own", "m", "stop", {}}}});
  Digest own;
  for (const Statement& statement : said_) {
    if (const auto* p = std::get_if<Propose>(&statement)) own = Sha256(EncodeBody(*p));
  }
  ASSERT_NE(own, Digest{});
  inputs.push_back(input::Certificate{
      At(1), signed_.verifier
                 .AssembleCertificate(
                     id_, {Phase::kAnswer, At(0)}, own,
                     {signed_.Voted(1, id_, 200, {vote::Echo{{Phase::kAnswer, At(0)}, own}}),
                      signed_.Voted(2, id_, 200, {vote::Echo{{Phase::kAnswer, At(0)}, own}}),
                      signed_.Voted(3, id_, 200, {vote::Echo{{Phase::kAnswer, At(0)}, own}})})
                 .value()});
  for (int i : {1, 2}) {
    std::vector<Vote> decided;
    for (int author : {0, 1, 2})
      decided.push_back(vote::Decided{{Phase::kAnswer, At(author)}, true});
    inputs.push_back(Votes1(i, 300, std::move(decided)));
  }
  Step(std::move(inputs));
  EXPECT_EQ(ZeroInputs(), 0) << "node 3 is linked";
}

// More slots than one Votes can echo.
class LoneReplicaOfMany : public LoneReplica {
 protected:
  static constexpr int kNodes = 100;
  LoneReplicaOfMany() : LoneReplica(kNodes) {}
  std::vector<uint64_t> SaidSeqs() const {
    std::vector<uint64_t> seqs;
    for (const Statement& statement : said_) {
      if (const auto* votes = std::get_if<Votes>(&statement)) seqs.push_back(votes->seq);
    }
    return seqs;
  }
};

// Section 11: what was said in several Votes at once is said again, and nothing else. Its own
// echoes complete the certificates, so each of them makes the node say more.
TEST_F(LoneReplicaOfMany, ARestartBetweenVotesThatWereSplitSaysNothingElse) {
  Join();
  std::vector<Input> inputs;
  std::vector<Vote> echoes;
  for (int author = 1; author < kNodes; ++author) {
    const auto answer = signed_.Answered(author, id_);
    inputs.push_back(From(author, answer));
    echoes.push_back(vote::Echo{{Phase::kAnswer, At(author)}, answer.body_digest()});
  }
  const auto half = echoes.begin() + kNodes / 2;
  for (int node = 1; node < signed_.roster().quorum(); ++node) {
    inputs.push_back(Votes1(node, 0, {echoes.begin(), half}));
    inputs.push_back(Votes1(node, 1, {half, echoes.end()}));
  }
  Step(std::move(inputs));
  const std::vector<uint64_t> before = SaidSeqs();
  ASSERT_GE(before.size(), 4u) << "echoes in two bodies, then AUX in two";
  for (uint64_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i], i);
  Start();
  EXPECT_THAT(said_, IsEmpty());
  Step({input::ModelFinished{id_, Phase::kAnswer, Answer{"own", "m", "stop", {}}}});
  EXPECT_EQ(said_.size(), 1u) << "it is not silent";
  now_ms_ += 1'000;
  Step({});
  EXPECT_EQ(SaidSeqs(), std::vector<uint64_t>{before.size()});
}

}  // namespace
}  // namespace decentd::testing
