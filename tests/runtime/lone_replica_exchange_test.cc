// Which rounds one replica joins, and what it asks of its peers, serves them and gives up.
#include <gmock/gmock.h>

#include "node/runtime/exchange.h"
#include "tests/runtime/lone_replica.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

// One frame for all of them would be longer than a frame may be with more nodes and rounds.
TEST(LoneReplicaOfMany, OpenRoundsAreAnnouncedInFramesOfAboutAMegabyte) {
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
