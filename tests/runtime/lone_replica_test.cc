// One replica, with the test as all of its peers: what it says to whom after which input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "node/runtime/exchange.h"
#include "node/runtime/keys.h"
#include "node/runtime/replica.h"
#include "storage/mem_store.h"
#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kUnix = 1'700'000'000'000;
constexpr int64_t kStart = 5'000'000;  // of the monotonic clock: a machine that has run for a while

class LoneReplica : public ::testing::Test {
 protected:
  explicit LoneReplica(int n = 4) : signed_(n) {}
  template <class Adjust>
  LoneReplica(int n, Adjust adjust) : signed_(n, adjust) {}

  const SignedCluster signed_;
  Replica::Options options_{.self = At(0), .retention = {}};
  MemStore store_;
  std::unique_ptr<Replica> replica_;
  int64_t now_ms_ = kStart;
  uint64_t beats_ = 0;
  std::vector<Statement> said_;  // own statements of the last step
  std::vector<NodeIndex> asked_;  // for records
  std::vector<peer::v1::Record> served_;
  std::vector<RoundEvent> events_;       // published since the start
  std::vector<std::string> not_voting_;  // as told; empty: it votes
  std::optional<absl::StatusOr<RoundId>> submitted_;
  const Verified<Query> query_ = signed_.MakeQuery(0, kUnix + 600'000);
  const RoundId id_{query_.body_digest()};

  void SetUp() override { Start(); }

  void Start() {
    replica_ = nullptr;
    Output first;
    auto made =
        Replica::Recover(signed_.roster(), options_, signed_.cluster.signer(0), signed_.verifier,
                         store_, Time(), &first);
    ASSERT_TRUE(made.ok()) << made.status();
    replica_ = *std::move(made);
    Keep(std::move(first));
  }
  Now Time() const { return {now_ms_, kUnix + now_ms_ - kStart}; }

  void Step(std::vector<Input> inputs) { Keep(replica_->Process(std::move(inputs), Time())); }
  void Keep(Output output) {
    said_.clear();
    asked_.clear();
    served_.clear();
    submitted_ = std::nullopt;
    if (!output.writes.empty()) {
      ASSERT_TRUE(store_.WriteSynced(output.writes).ok());
    }
    for (const Action& action : output.actions) {
      if (const auto* publish = std::get_if<action::Publish>(&action)) {
        events_.push_back(publish->event);
      }
      if (const auto* voting = std::get_if<action::Voting>(&action)) {
        not_voting_.push_back(voting->not_because);
      }
      if (const auto* done = std::get_if<action::Submitted>(&action)) submitted_ = done->result;
      if (const auto* ask = std::get_if<action::AskRecord>(&action)) asked_.push_back(ask->peer);
      const auto* send = std::get_if<action::Send>(&action);
      if (send == nullptr) continue;
      if (send->frame->has_record()) served_.push_back(send->frame->record());
      for (const auto& proto : send->frame->envelopes().envelopes()) {
        if (proto.author() != 0) continue;
        EXPECT_LE(proto.body().size(), MaxBodyBytes(static_cast<Kind>(proto.kind())));
        auto verified = signed_.verifier.Verify(*FromProto(proto));
        if (!std::holds_alternative<AnyVerified>(verified)) {
          ADD_FAILURE() << "said something that peers refuse";
          continue;
        }
        auto& any = std::get<AnyVerified>(verified);
        if (auto* v = std::get_if<Verified<Votes>>(&any)) said_.push_back(**v);
        if (auto* p = std::get_if<Verified<Propose>>(&any)) said_.push_back(**p);
        if (auto* d = std::get_if<Verified<Decision>>(&any)) said_.push_back(**d);
      }
    }
  }
  template <class T>
  Input From(int peer, const Verified<T>& message) const {
    return input::Message{At(peer), message};
  }
  Input Votes1(int node, uint64_t seq, std::vector<Vote> votes) const {
    return From(node, signed_.Voted(node, id_, seq, std::move(votes)));
  }
  void Join() {
    Step({From(1, query_), From(1, signed_.Say(1, Sponsor{id_}))});
    ASSERT_EQ(replica_->OpenSummaries(Time()).size(), 1u);
  }
  // Another query than query_ arrives with its sponsorship.
  RoundId Sponsored(int number, int sponsor) {
    const auto query = signed_.MakeQuery(number, Time().unix_ms + 600'000);
    const RoundId id{query.body_digest()};
    Step({From(sponsor, query), From(sponsor, signed_.Say(sponsor, Sponsor{id}))});
    return id;
  }
  absl::Status Submit(int number) {
    Step({input::Submit{signed_.MakeQuery(number, Time().unix_ms + 600'000), 1}});
    return submitted_ ? submitted_->status() : absl::UnavailableError("no answer");
  }
  bool IsOpen(const RoundId& id) const { return replica_->OpenSummary(id, Time()).has_value(); }
  std::vector<Input> Beat() {
    ++beats_;
    return {From(1, signed_.Say(1, Heartbeat{1, beats_})),
            From(2, signed_.Say(2, Heartbeat{1, beats_}))};
  }
  template <class T>
  int Said(const std::function<bool(const T&)>& which) const {
    int count = 0;
    for (const Statement& statement : said_) {
      const auto* votes = std::get_if<Votes>(&statement);
      if (votes == nullptr) continue;
      for (const Vote& vote : votes->votes) {
        const T* one = std::get_if<T>(&vote);
        count += one != nullptr && which(*one);
      }
    }
    return count;
  }
  int ZeroInputs() const {
    return Said<vote::Est>([](const vote::Est& e) { return e.round == 1 && !e.value; });
  }
};

// Section 14, item 7: a batch that holds what the node forgot, after what makes it speak.
TEST_F(LoneReplica, NothingIsSaidInTheBatchThatShowsForgottenVotes) {
  Join();
  Step({From(1, signed_.Answered(1, id_)), Votes1(0, 9, {vote::Enter{Phase::kAnswer}}),
        From(2, signed_.Answered(2, id_))});
  EXPECT_THAT(said_, IsEmpty());
  NodeStatus status;
  replica_->FillStatus(Time(), &status);
  EXPECT_FALSE(status.voting);
  EXPECT_THAT(status.not_voting_because, HasSubstr("votes signed by this node"));
  EXPECT_THAT(not_voting_, ElementsAre("", status.not_voting_because)) << "told once, as it came";
  Start();
  Step({From(3, signed_.Answered(3, id_))});
  EXPECT_THAT(said_, IsEmpty()) << "a restart is no way out";
}

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
  EXPECT_LE(replica_->NextWakeMs(Time()), now_ms_ + 20);
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

// Section 3: lying sponsors must not keep the rounds of honest ones out, nor this node's clients.
TEST_F(LoneReplica, ANodesOwnLimitIsOfWhatItsClientsAsk) {
  options_.max_own_rounds = 1;
  Start();
  EXPECT_TRUE(IsOpen(Sponsored(1, 1)));
  EXPECT_TRUE(IsOpen(Sponsored(2, 2)));
  EXPECT_TRUE(Submit(3).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Submit(4)));
  EXPECT_TRUE(IsOpen(Sponsored(5, 3)));
  Start();
  EXPECT_TRUE(absl::IsResourceExhausted(Submit(6))) << "a restart forgets nothing";
}

class LoneReplicaOfOneRoundEach : public LoneReplica {
 protected:
  LoneReplicaOfOneRoundEach()
      : LoneReplica(4, [](auto&, RosterParameters& p) { p.rounds_per_sponsor = 1; }) {}
};

TEST_F(LoneReplicaOfOneRoundEach, ARoundThatIsGivenUpFreesItsSponsorsBudget) {
  const RoundId first = Sponsored(1, 1);
  ASSERT_TRUE(IsOpen(first));
  EXPECT_FALSE(IsOpen(Sponsored(2, 1)));
  now_ms_ += options_.retention.undecided_ms + 60'000;
  const RoundId next = Sponsored(3, 1);
  EXPECT_FALSE(IsOpen(first));
  EXPECT_TRUE(IsOpen(next));
}

// f peers that announce a record and never send it must not keep it from this node.
TEST_F(LoneReplica, ARecordIsAskedOfFPlusOnePeersAtATime) {
  peer::v1::HaveBatch closed;
  closed.add_closed(std::string(id_.digest.View()));
  const auto asked = [&](int peer) {
    Step({input::Have{At(peer), closed}});
    return asked_;
  };
  EXPECT_THAT(asked(3), ElementsAre(At(3)));
  EXPECT_THAT(asked(3), IsEmpty()) << "not again and again";
  EXPECT_THAT(asked(1), ElementsAre(At(1)));
  EXPECT_THAT(asked(2), IsEmpty()) << "f + 1 are asked: one is honest";
  now_ms_ += RecordFetch::kGiveUpMs;
  Step({});
  EXPECT_THAT(asked_, ElementsAre(At(2), At(1))) << "who has not kept it waiting comes first";
}

// A peer asks for one part at a time; one that asks for thousands makes no work of thousands.
TEST_F(LoneReplica, OnePartOfARecordIsServedToAPeerInABatch) {
  Archive archive = *Archive::Open(store_);
  store::v1::RoundSummary summary;
  summary.set_round_id(std::string(id_.digest.View()));
  WriteBatch writes;
  archive.AddRecord(id_, summary, 0, std::string(limits::kRecordPartBytes + 10, 'b'), &writes);
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  Start();
  const auto want = [&](int peer, uint64_t from) {
    return input::Want{At(peer), exchange::WantRecord(id_, from)->want()};
  };
  Step({want(1, 0), want(1, 0), want(2, 0), want(1, limits::kRecordPartBytes)});
  ASSERT_EQ(served_.size(), 2u);
  EXPECT_EQ(served_[0].offset(), limits::kRecordPartBytes) << "the latest";
  EXPECT_EQ(served_[0].part(), std::string(10, 'b'));
  EXPECT_EQ(served_[1].part().size(), limits::kRecordPartBytes);
  Step({want(1, limits::kRecordPartBytes + 10), want(2, ~uint64_t{0})});
  EXPECT_TRUE(served_.empty()) << "beyond its end";
}

// Each part is asked for: no peer can make this node take more than it wants.
TEST_F(LoneReplica, EachPartOfARecordIsAskedFor) {
  peer::v1::HaveBatch closed;
  closed.add_closed(std::string(id_.digest.View()));
  Step({input::Have{At(3), closed}});
  Step({input::RecordPart{At(3), id_}});
  EXPECT_THAT(asked_, ElementsAre(At(3)));
  Step({});
  EXPECT_THAT(asked_, IsEmpty());
  Step({input::Fault{At(3), FaultKind::kInvalidRecord}, input::Have{At(3), closed}});
  EXPECT_THAT(asked_, IsEmpty()) << "it is not trusted for a while";
}

// Section 12: a watcher must not wait for a round that this node takes no part in any more.
TEST_F(LoneReplica, ARoundThatIsGivenUpUndecidedEndsForThoseWhoWatchIt) {
  Join();
  ASSERT_FALSE(events_.empty());
  const uint64_t before = events_.back().seq;
  now_ms_ += Retention{}.undecided_ms - 1'000;
  Step({});
  EXPECT_EQ(events_.back().seq, before) << "not yet a week";
  now_ms_ += 61'000;
  Step({});
  EXPECT_EQ(events_.back().seq, before + 1);
  EXPECT_EQ(events_.back().type, RoundEvent::Type::kGivenUp);
  EXPECT_THAT(events_.back().detail, HasSubstr("answers of"));
  EXPECT_THAT(replica_->OpenSummaries(Time()), IsEmpty());
  EXPECT_EQ(*archive::ReadTombstone(store_, id_), Tombstone::kGivenUp);
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

// One frame for all of them would be longer than a frame may be with more nodes and rounds.
TEST(LoneReplicaOfMore, OpenRoundsAreAnnouncedInFramesOfAboutAMegabyte) {
  constexpr int kNodes = 40, kRounds = 800;
  const SignedCluster cluster(kNodes);
  const MemStore store;
  const Now now{kStart, kUnix};
  Output first;
  auto replica = Replica::Recover(cluster.roster(), {.self = At(0), .retention = {}},
                                  cluster.cluster.signer(0), cluster.verifier, store, now, &first);
  ASSERT_TRUE(replica.ok()) << replica.status();
  const auto from = [&](int node, const auto& value) {
    return input::Message{At(node), cluster.verifier.TrustOwn(cluster.cluster.Sign(node, value))};
  };
  std::vector<Input> inputs;
  for (int i = 0; i < kRounds; ++i) {
    const auto query = cluster.MakeQuery(i, kUnix + 600'000);
    const RoundId id{query.body_digest()};
    inputs.push_back(input::Message{At(1), query});
    inputs.push_back(from(1 + i % (kNodes - 1), Sponsor{id}));
    for (int author = 1; author < kNodes; ++author) {
      inputs.push_back(from(author, Propose{id, Phase::kAnswer, Answer{"42", "m", "stop", {}}}));
    }
  }
  (void)(*replica)->Process(std::move(inputs), now);
  const Output output = (*replica)->Process({input::LinkUp{At(2)}}, now);
  int announced = 0;
  for (const Action& action : output.actions) {
    const auto* send = std::get_if<action::Send>(&action);
    if (send == nullptr || !send->frame->has_have()) continue;
    announced += send->frame->have().open_size();
    EXPECT_LT(send->frame->ByteSizeLong(), (1u << 20) + (64u << 10));
  }
  EXPECT_EQ(announced, kRounds);
}

}  // namespace
}  // namespace decentd::testing
