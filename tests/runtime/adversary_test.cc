// Whole replicas against nodes that withhold and links that lose. What docs/SPEC.md, section 14, says
// of them is in mistakes_test.cc.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/runtime/tampering.h"
#include "tests/runtime/world.h"

namespace decentd::testing {
namespace {

// Section 4: at least f + 1 honest echoers hold what is certified.
TEST(Adversary, APayloadShownToAQuorumOnlyReachesAll) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.n = 4, .seed = seed});
    world.tamper = Without([](int from, int to, const types::v1::Envelope& e) {
      return from == 3 && to == 2 && e.author() == 3 && e.kind() == types::v1::KIND_PROPOSE;
    });
    world.Run(100);
    const RoundId round = world.Submit(0, "Who was left out?");
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000)) << seed;
    ExpectDecided(world, round, 4);
  }
}

// Only node 0 completes the certificate of node 3's slot by itself: 3 echoes to it alone, and its
// proposal goes to a quorum with itself.
TEST(Adversary, ACertificateThatOneNodeCompletesReachesAll) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.n = 4, .seed = seed});
    world.tamper = Without([](int from, int to, const types::v1::Envelope& e) {
      if (from != 3 || e.author() != 3) return false;
      return (e.kind() == types::v1::KIND_PROPOSE && to == 2) ||
             (e.kind() == types::v1::KIND_VOTES && to != 0);
    });
    world.Run(100);
    const RoundId round = world.Submit(0, "Who completes it?");
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000)) << seed;
    ExpectDecided(world, round, 4);
  }
}

// Seven nodes, two liars that show their proposals to a quorum each and their votes to one node.
TEST(Adversary, TwoLiarsThatWithholdLeaveTheSetsEqual) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    World world({.n = 7, .seed = seed});
    world.tamper = Without([](int from, int to, const types::v1::Envelope& e) {
      if (from < 5 || e.author() != static_cast<uint32_t>(from)) return false;
      const int outside = (to + from) % 7;
      return (e.kind() == types::v1::KIND_PROPOSE && outside < 2) ||
             (e.kind() == types::v1::KIND_VOTES && to != from - 5);
    });
    world.Run(100);
    const RoundId round = world.Submit(0, "Who withholds?");
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 600'000)) << seed;
    std::optional<Verdict> verdict;
    for (int i = 0; i < 7; ++i) {
      const auto proof = world.Proof(i, round);
      ASSERT_TRUE(proof);
      if (!verdict) verdict = proof->verdict;
      EXPECT_EQ(*verdict, proof->verdict);
      EXPECT_GE(proof->verdict.answer_count, 5);
    }
  }
}

// Section 12: a record is taken over with q Decisions, and nothing is signed for it.
TEST(Adversary, ARecordThatIsTakenOverAddsNoDecision) {
  World world({.n = 4});
  world.Crash(3);
  world.Run(5'000);
  const RoundId round = world.Submit(0, "Without me?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 20'000));
  int said = 0;
  world.tamper = [&](int from, int, Frame frame) -> std::optional<Frame> {
    for (const auto& e : frame.envelopes().envelopes()) {
      said += from == 3 && e.author() == 3 && e.kind() != types::v1::KIND_HEARTBEAT;
    }
    return frame;
  };
  world.Start(3);
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  world.Run(5'000);
  EXPECT_EQ(said, 0);
  EXPECT_GE(static_cast<int>(world.Proof(3, round)->decisions.size()), world.roster().quorum());
}

// A record longer than one frame, over links that lose half of what they carry.
TEST(Adversary, ARecordOfManyPartsIsTakenOverPartForPart) {
  World world({.n = 4});
  world.answer = [](int node, const AnswerRequest&) -> std::optional<Payload> {
    return Answer{std::string(200'000, static_cast<char>('a' + node)), "test", "stop", {}};
  };
  world.Crash(3);
  world.Run(5'000);
  const RoundId round = world.Submit(0, std::string(500'000, '?'));
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 20'000));
  ASSERT_GT(world.Proof(0, round)->bytes.size(), limits::kRecordPartBytes);
  std::mt19937_64 random(1);
  world.tamper = [&](int, int, Frame frame) -> std::optional<Frame> {
    if ((frame.has_record() || frame.want().record()) && random() % 2) return std::nullopt;
    return frame;
  };
  world.Start(3);
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 600'000));
  ExpectDecided(world, round, 3);
}

// A peer that sends what does not verify for every record it names, as often as it is asked.
TEST(Adversary, ALiarWithFalseRecordsIsVerifiedOnceAndKeepsNothingFromAnyone) {
  World world({.n = 4});
  world.Crash(3);
  world.Run(5'000);
  std::vector<RoundId> rounds;
  for (int i = 0; i < 20; ++i) {
    rounds.push_back(world.Submit(0, "Question " + std::to_string(i)));
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(rounds.back()); }, 20'000));
  }
  world.tamper = [&](int from, int, Frame frame) -> std::optional<Frame> {
    if (from == 1 && frame.has_record()) frame.mutable_record()->mutable_part()->back() ^= 1;
    return frame;
  };
  world.Start(3);
  for (const RoundId& round : rounds) {
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  }
  const auto faults = world.node(3).replica->faults();
  EXPECT_EQ(faults.at(NodeIndex{1}).at(FaultKind::kInvalidRecord), 1u);
}

}  // namespace
}  // namespace decentd::testing
