#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "node/codec/peer_codec.h"
#include "node/codec/record_codec.h"
#include "node/runtime/keys.h"
#include "tests/runtime/world.h"

namespace decentd::testing {
namespace {

// All nodes that are up hold the round with one verdict, each with a proof that verifies.
void ExpectSameVerdict(World& world, const RoundId& round, Outcome outcome) {
  std::optional<Verdict> verdict;
  for (int i = 0; i < world.roster().n(); ++i) {
    if (!world.node(i).replica) continue;
    const auto proof = world.Proof(i, round);
    ASSERT_TRUE(proof) << "node " << i << ": "
                       << (world.node(i).reports.empty() ? "" : world.node(i).reports.back());
    EXPECT_EQ(proof->verdict.outcome, outcome);
    if (!verdict) verdict = proof->verdict;
    EXPECT_EQ(*verdict, proof->verdict) << "node " << i;
  }
}

TEST(Replica, FourNodesDecideOneQuestion) {
  World world({.n = 4});
  world.Run(100);
  const RoundId round = world.Submit(1, "What is two and two?");
  ASSERT_TRUE(world.submitted && world.submitted->ok());
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 10'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
  EXPECT_EQ(world.Proof(0, round)->answers.size(), 4u);
  EXPECT_EQ(world.Proof(0, round)->sheets.size(), 4u);
}

// Section 10: who may not join a round takes part in no comparison of it, and still learns its end.
TEST(Replica, ANodeBelowItsWatermarkTakesOverWhatOthersDecidedWhileItWasLinked) {
  World world({.n = 4});
  world.Crash(3);
  WriteBatch writes;
  writes.Put(std::string(keys::kWatermark),
             keys::BigEndian(static_cast<uint64_t>(world.now().unix_ms + 3'600'000)));
  ASSERT_TRUE(world.node(3).store->WriteSynced(writes).ok());
  world.Start(3);
  world.Run(1'000);
  const RoundId round = world.Submit(0, "Who sits this one out?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 120'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
}

TEST(Replica, EventsOfARoundAreNumberedFromOneAndEndCertified) {
  World world({.n = 4});
  world.Run(100);
  const RoundId round = world.Submit(0, "What is two and two?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 10'000));
  const auto& events = world.node(0).events;
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
  EXPECT_EQ(events.front().type, RoundEvent::Type::kAdmitted);
  EXPECT_EQ(events.back().type, RoundEvent::Type::kCertified);
}

TEST(Replica, OneDeadNodeCostsNoDeadline) {
  World world({.n = 4});
  world.Crash(3);
  world.Run(5'000);
  const int64_t before = world.now().monotonic_ms;
  const RoundId round = world.Submit(0, "Who is missing?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 20'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
  // Virtual time, so this is a claim of the protocol and not of a machine: below the soft deadline.
  EXPECT_LT(world.now().monotonic_ms - before, 2'000);
}

TEST(Replica, WithoutAQuorumTheRoundWaitsAndGoesOnWhenOneComesBack) {
  World world({.n = 4});
  world.Crash(2);
  world.Crash(3);
  world.Run(10'000);
  const RoundId round = world.Submit(0, "Is anyone there?");
  // Far beyond the hard deadline: a cluster without a quorum burns none.
  EXPECT_FALSE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 1'000'000));
  EXPECT_THAT(world.node(0).replica->OpenSummary(round, world.now())->waiting_for,
              ::testing::HasSubstr("no quorum: 2 of 4 nodes reachable"));
  world.Start(2);
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
}

TEST(Replica, ANodeThatWasDownTakesTheRecordOver) {
  World world({.n = 4});
  world.Crash(3);
  world.Run(5'000);
  const RoundId round = world.Submit(0, "Who is missing?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 20'000));
  world.Start(3);
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 20'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
}

TEST(Replica, NodesThatShareOnlyNeighboursStillDecide) {
  World world({.n = 4});
  // A ring: 0-1-2-3-0.
  world.Cut(0, 2);
  world.Cut(1, 3);
  world.Run(5'000);
  const RoundId round = world.Submit(0, "Around the ring?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 120'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
}

TEST(Replica, AllModelsFailingIsAnAgreedFailure) {
  World world({.n = 4});
  world.answer = [](int, const AnswerRequest&) {
    return Abstain{AbstainReason::kModelFailed, "no model"};
  };
  world.Run(100);
  const RoundId round = world.Submit(0, "Anyone?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 600'000));
  ExpectSameVerdict(world, round, Outcome::kTooFewAnswers);
}

TEST(Replica, SilentModelsEndTheRoundAtTheHardDeadline) {
  World world({.n = 4});
  world.judge = [](int, const JudgeRequest&) -> std::optional<Payload> { return std::nullopt; };
  world.Run(100);
  const RoundId round = world.Submit(0, "Any judge?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 600'000));
  ExpectSameVerdict(world, round, Outcome::kTooFewSheets);
}

TEST(Replica, WhateverAModelReturnsWhatIsSignedIsValid) {
  World world({.n = 4});
  world.answer = [](int node, const AnswerRequest&) -> std::optional<Payload> {
    return Answer{node == 2 ? std::string("\xff\xfe") : "fine", "test", "stop", {}};
  };
  world.Run(100);
  const RoundId round = world.Submit(0, "Text?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
  EXPECT_EQ(world.Proof(0, round)->verdict.answer_count, 3);
}

// A crash between any two writes: the node comes back from its store and contradicts nothing.
TEST(Replica, CrashAfterAnyWriteSaysAgainOnlyWhatWasSaid) {
  for (uint64_t after = 1; after < 24; ++after) {
    World world({.n = 4, .seed = after});
    world.Run(100);
    const uint64_t writes = world.node(2).store->writes();
    const RoundId round = world.Submit(0, "Will it survive?");
    world.RunUntil([&] { return world.node(2).store->writes() >= writes + after; }, 3'000);
    world.Crash(2);
    world.Run(300);
    world.Start(2);
    ASSERT_TRUE(world.node(2).replica) << world.node(2).reports.back();
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000)) << after;
    ExpectSameVerdict(world, round, Outcome::kDecided);
    for (int i = 0; i < 4; ++i) {
      NodeStatus status;
      world.node(i).replica->FillStatus(world.now(), &status);
      EXPECT_EQ(status.evidence, 0u) << "crash after write " << after;
      EXPECT_TRUE(status.voting) << status.not_voting_because;
    }
  }
}

// What a bound drops is said again: a node that was away learns of a round that is over everywhere
// although all that was named to it when its links came up was lost.
TEST(Replica, AFinishedRoundIsNamedAgain) {
  World world({.n = 4});
  world.Run(100);
  world.Crash(3);
  const RoundId round = world.Submit(0, "Who was away?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000));
  world.Run(61'000);
  world.tamper = [](int, int to, peer::v1::Frame frame) -> std::optional<peer::v1::Frame> {
    if (to == 3 && frame.have().closed_size() > 0) return std::nullopt;
    return frame;
  };
  world.Start(3);
  world.Run(1'000);
  world.tamper = nullptr;
  EXPECT_FALSE(world.AllHaveRecord(round));
  EXPECT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 61'000));
}

TEST(Replica, AllNodesCrashingAtOnceGoOn) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    World world({.n = 4, .seed = seed});
    world.Run(100);
    const RoundId round = world.Submit(0, "Power cut?");
    world.Run(static_cast<int64_t>(20 * seed));
    for (int i = 0; i < 4; ++i) world.Crash(i);
    world.Run(1'000);
    for (int i = 0; i < 4; ++i) world.Start(i);
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000)) << seed;
    ExpectSameVerdict(world, round, Outcome::kDecided);
  }
}

TEST(Replica, AnEquivocatingWorkerIsConvictedAndTheHonestAgree) {
  World world({.n = 4});
  // Node 3 sends node 0 one answer and the others another, both validly signed.
  world.tamper = [&](int from, int to, peer::v1::Frame frame) -> std::optional<peer::v1::Frame> {
    if (from != 3 || to != 0 || !frame.has_envelopes()) return frame;
    for (auto& envelope : *frame.mutable_envelopes()->mutable_envelopes()) {
      if (envelope.kind() != types::v1::KIND_PROPOSE || envelope.author() != 3) continue;
      auto propose = DecodePropose(world.roster(), envelope.body());
      if (!propose || !std::holds_alternative<Answer>(propose->payload)) continue;
      std::get<Answer>(propose->payload).text = "another answer";
      ToProto(world.cluster().Sign(3, *propose), &envelope);
    }
    return frame;
  };
  world.Run(100);
  const RoundId round = world.Submit(1, "Which one?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
  world.Run(5'000);
  int convicted = 0;
  for (int i = 0; i < 3; ++i) {
    auto status = world.node(i).store->Scan(
        keys::kEvidence, PrefixEnd(keys::kEvidence), false,
        [&](std::string_view, std::string_view value) {
          const auto record = DecodeEvidence(value);
          EXPECT_TRUE(record.ok());
          EXPECT_EQ(record->evidence.author.value, 3);
          EXPECT_TRUE(VerifyEvidence(world.roster(), Ed25519Scheme(), record->evidence).ok());
          ++convicted;
          return true;
        });
    EXPECT_TRUE(status.ok());
  }
  EXPECT_GT(convicted, 0);
}

TEST(Replica, ForgedAndDamagedEnvelopesAreFaultsAndChangeNothing) {
  World world({.n = 4});
  world.tamper = [&](int from, int, peer::v1::Frame frame) -> std::optional<peer::v1::Frame> {
    if (from != 3 || !frame.has_envelopes()) return frame;
    for (auto& envelope : *frame.mutable_envelopes()->mutable_envelopes()) {
      (*envelope.mutable_signature())[0] ^= 1;
    }
    return frame;
  };
  world.Run(100);
  const RoundId round = world.Submit(1, "Which one?");
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 300'000));
  ExpectSameVerdict(world, round, Outcome::kDecided);
  const auto faults = world.node(0).replica->faults();
  ASSERT_TRUE(faults.contains(NodeIndex{3}));
  EXPECT_GT(faults.at(NodeIndex{3}).at(FaultKind::kBadSignature), 0u);
}

TEST(Replica, SubmittingTheSameQueryToSeveralNodesIsOneRound) {
  World world({.n = 4});
  world.Run(100);
  Query query = world.cluster().MakeQuery("Once?");
  query.expiry_unix_ms = world.now().unix_ms + 60'000;
  const RoundId first = world.Submit(0, "Once?");
  EXPECT_TRUE(world.submitted->ok());
  ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(first); }, 60'000));
}

TEST(Replica, AnExpiredQueryIsRefused) {
  World world({.n = 4});
  world.Run(100);
  world.Submit(0, "Too late?", -1);
  ASSERT_TRUE(world.submitted);
  EXPECT_TRUE(absl::IsDeadlineExceeded(world.submitted->status()));
}

TEST(Replica, ASponsorsBudgetBoundsItsRounds) {
  World world({.n = 4, .adjust = [](RosterParameters& p) { p.rounds_per_sponsor = 2; }});
  world.answer = [](int, const AnswerRequest&) -> std::optional<Payload> { return std::nullopt; };
  world.Run(100);
  for (int i = 0; i < 3; ++i) world.Submit(0, "Question " + std::to_string(i));
  EXPECT_TRUE(absl::IsResourceExhausted(world.submitted->status()));
  world.Run(1'000);
  EXPECT_EQ(world.node(1).replica->OpenSummaries(world.now()).size(), 2u);
}

TEST(Replica, SameSeedSameRun) {
  const auto run = [] {
    World world({.n = 4, .seed = 7});
    world.Run(100);
    const RoundId round = world.Submit(0, "Again?");
    world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000);
    return Sha256(world.Proof(0, round)->bytes);
  };
  EXPECT_EQ(run(), run());
}

TEST(Replica, OneAndTwoAndSevenNodesDecide) {
  for (int n : {1, 2, 3, 5, 7}) {
    World world({.n = n});
    world.Run(100);
    const RoundId round = world.Submit(0, "How many?");
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 60'000)) << n;
    ExpectSameVerdict(world, round, Outcome::kDecided);
  }
}

TEST(Replica, ManyRoundsAtOnceUnderRandomCrashesAgree) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world({.n = 4, .seed = seed, .shortest_delay_ms = 1, .longest_delay_ms = 200});
    std::mt19937_64 random(seed);
    world.Run(500);
    std::vector<RoundId> rounds;
    for (int i = 0; i < 5; ++i) {
      rounds.push_back(world.Submit(static_cast<int>(i % 4), "Question " + std::to_string(i)));
      world.Run(static_cast<int64_t>(random() % 200));
      const int victim = static_cast<int>(random() % 4);
      world.Crash(victim);
      world.Run(static_cast<int64_t>(random() % 3000));
      world.Start(victim);
    }
    for (const RoundId& round : rounds) {
      ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(round); }, 600'000)) << seed;
      ExpectSameVerdict(world, round, Outcome::kDecided);
    }
  }
}

// Nodes that keep records for different times, and links that come up again and again.
TEST(Replica, ADiscardedRecordIsNotTakenOverAgain) {
  World world({.n = 4, .configure = [](int node, Replica::Options& options) {
                 if (node == 3) options.retention.rounds = 1;
               }});
  world.Run(100);
  std::vector<RoundId> rounds;
  for (int i = 0; i < 3; ++i) {
    rounds.push_back(world.Submit(0, "Question " + std::to_string(i), 60'000));
    ASSERT_TRUE(world.RunUntil([&] { return world.AllHaveRecord(rounds.back()); }, 20'000));
  }
  world.Run(200'000);
  int records = 0;
  world.tamper = [&](int, int to, peer::v1::Frame frame) -> std::optional<peer::v1::Frame> {
    records += to == 3 && frame.has_record();
    return frame;
  };
  for (const bool restart : {false, true}) {
    if (restart) {
      world.Crash(3);
      world.Run(1'000);
      world.Start(3);
    }
    for (int i : {0, 1, 2}) world.Cut(i, 3);
    world.Run(1'000);
    for (int i : {0, 1, 2}) world.Heal(i, 3);
    world.Run(30'000);
    for (int i : {0, 1}) {
      EXPECT_TRUE(world.Proof(0, rounds[static_cast<size_t>(i)]));
      EXPECT_FALSE(world.Proof(3, rounds[static_cast<size_t>(i)])) << "restart " << restart;
    }
    EXPECT_TRUE(world.Proof(3, rounds[2]));
  }
  EXPECT_EQ(records, 0);
}

}  // namespace
}  // namespace decentd::testing
