// The mistakes of docs/SPEC.md, section 14, that show only in whole nodes, one suite for each item.
// The others are in tests/core/mistakes_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/runtime/lone_replica.h"
#include "tests/runtime/tampering.h"
#include "tests/runtime/world.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Mistake07 = LoneReplica;

// A batch that holds what the node forgot, after what makes it speak.
TEST_F(Mistake07, NothingIsSaidInTheBatchThatShowsForgottenVotes) {
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

TEST(Mistake07World, ANodeThatForgotItsVotesHalts) {
  World world({.n = 4});
  world.Run(100);
  const auto copy = world.node(2).store->Clone();
  const RoundId round = world.Submit(0, "Do you remember?");
  world.RunUntil(
      [&] {
        const auto& events = world.node(0).events;
        return std::ranges::any_of(events, [](const RoundEvent& e) {
          return e.type == RoundEvent::Type::kAnswerCertified && e.node == NodeIndex{2};
        });
      },
      5'000);
  world.Crash(2);
  world.node(2).store = copy->Clone();  // an old copy, as the binding file would not show
  world.Start(2);
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000));
  NodeStatus status;
  world.node(2).replica->FillStatus(world.now(), &status);
  EXPECT_FALSE(status.voting);
  ExpectDecided(world, round, 4);
}

// What a bound or a link drops is asked for again.
TEST(Mistake08, WhatIsDroppedIsAskedForAgain) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.n = 4, .seed = seed});
    world.Run(100);
    std::mt19937_64 random(seed);
    world.tamper = [&](int, int, Frame frame) -> std::optional<Frame> {
      if (random() % 2) return std::nullopt;
      return frame;
    };
    const RoundId round = world.Submit(0, "Did you hear?");
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 600'000)) << seed;
    std::optional<Verdict> verdict;
    for (int i = 0; i < 4; ++i) {
      const auto proof = world.Proof(i, round);
      ASSERT_TRUE(proof);
      if (!verdict) verdict = proof->verdict;
      EXPECT_EQ(*verdict, proof->verdict);
    }
  }
}

// Nobody drops a journal at its own decision, so that whoever is behind can
// still gather q.
TEST(Mistake09, ARoundIsServedUntilAQuorumOfDecisionsIsHeld) {
  World world({.n = 4});
  world.tamper = Without(
      [](int, int, const types::v1::Envelope& e) { return e.kind() == types::v1::KIND_DECISION; });
  world.Run(100);
  const RoundId round = world.Submit(0, "Decided, and then?");
  world.Run(20'000);
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(world.Proof(i, round));
    const auto open = world.node(i).replica->OpenSummary(round, world.now());
    ASSERT_TRUE(open);
    EXPECT_EQ(open->waiting_for, "decisions of other nodes");
  }
  for (int i = 0; i < 4; ++i) world.Crash(i);
  world.tamper = nullptr;
  for (int i = 0; i < 4; ++i) world.Start(i);
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  ExpectDecided(world, round, 4);
}

// Two nodes hear of two decisions, the others of none but their own. Were f + 1 enough to end the
// round, the first two would be gone when the others come to ask.
TEST(Mistake09, TwoOfFourDecisionsEndARoundNowhere) {
  World world({.n = 4});
  world.tamper = Without([](int from, int to, const types::v1::Envelope& e) {
    return e.kind() == types::v1::KIND_DECISION && (from > 1 || to > 1);
  });
  world.Run(100);
  const RoundId round = world.Submit(0, "Decided, and known to two?");
  world.Run(20'000);
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(world.Proof(i, round)) << i;
    EXPECT_TRUE(world.node(i).replica->OpenSummary(round, world.now())) << i;
  }
  world.tamper = nullptr;
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  ExpectDecided(world, round, 4);
}

// Parts without a quorum burn no deadline, whether they were cut off from the
// start or after all had entered.
TEST(Mistake10, ACutWithoutAQuorumCostsNoAnswer) {
  for (const int64_t cut_after_ms : {0, 400}) {
    World world({.n = 4});
    world.model_ms = 1'000;
    world.Run(100);
    const auto cut = [&] {
      for (int a : {0, 1}) {
        for (int b : {2, 3}) world.Cut(a, b);
      }
    };
    if (cut_after_ms == 0) {
      cut();
      world.Run(10'000);
    }
    const RoundId round = world.Submit(0, "Still one council?");
    if (cut_after_ms != 0) {
      world.Run(cut_after_ms);
      cut();
    }
    world.Run(3'000'000);
    for (int a : {0, 1}) {
      for (int b : {2, 3}) world.Heal(a, b);
    }
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000)) << cut_after_ms;
    ExpectDecided(world, round, 4);
  }
}

}  // namespace
}  // namespace decentd::testing
