// Evidence convicts whoever signed two conflicting statements, and nobody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "node/codec/peer_codec.h"
#include "node/codec/record_codec.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using testing::TestCluster;
using testing::TestRound;

class EvidenceTest : public ::testing::Test {
 protected:
  TestCluster cluster_{4};
  const Slot slot_{Phase::kAnswer, NodeIndex{2}};

  Propose AnswerOf(const std::string& text, const std::string& round = "r") {
    return {TestRound(round), Phase::kAnswer, Answer{text, "", "", {}}};
  }
  Votes EchoOf(uint64_t seq, const std::string& payload, const std::string& round = "r") {
    return {TestRound(round), seq, {vote::Echo{slot_, Sha256(payload)}}};
  }
  template <class T>
  Evidence Pair(Evidence::Type type, const T& first, const T& second, int author = 1) {
    return {type, NodeIndex{static_cast<uint16_t>(author)},
            std::make_shared<const Envelope>(cluster_.Sign(1, first)),
            std::make_shared<const Envelope>(cluster_.Sign(1, second))};
  }
  absl::Status Check(const Evidence& evidence) {
    return VerifyEvidence(cluster_.roster(), Ed25519Scheme(), evidence);
  }
  std::string Refusal(const Evidence& evidence) { return std::string(Check(evidence).message()); }
};

using Type = Evidence::Type;

TEST_F(EvidenceTest, ConflictingStatementsConvict) {
  EXPECT_TRUE(Check(Pair(Type::kProposals, AnswerOf("a"), AnswerOf("b"))).ok());
  EXPECT_TRUE(Check(Pair(Type::kVotes, EchoOf(3, "a"), EchoOf(3, "b"))).ok());
  EXPECT_TRUE(Check(Pair(Type::kEchoes, EchoOf(3, "a"), EchoOf(4, "b"))).ok());
}

TEST_F(EvidenceTest, WhatAnHonestNodeMaySignConvictsNobody) {
  EXPECT_THAT(Refusal(Pair(Type::kProposals, AnswerOf("a"), AnswerOf("a"))), HasSubstr("the same"));
  EXPECT_THAT(Refusal(Pair(Type::kProposals, AnswerOf("a"), AnswerOf("b", "another round"))),
              HasSubstr("different rounds"));
  EXPECT_THAT(Refusal(Pair(Type::kProposals, AnswerOf("a"),
                           Propose{TestRound("r"), Phase::kSheet, Abstain{}})),
              HasSubstr("different phases"));
  EXPECT_THAT(Refusal(Pair(Type::kVotes, EchoOf(3, "a"), EchoOf(3, "a"))), HasSubstr("the same"));
  EXPECT_THAT(Refusal(Pair(Type::kVotes, EchoOf(3, "a"), EchoOf(4, "b"))), HasSubstr("numbers"));
  EXPECT_THAT(Refusal(Pair(Type::kVotes, EchoOf(3, "a"), EchoOf(3, "b", "another round"))),
              HasSubstr("different rounds"));
  EXPECT_THAT(Refusal(Pair(Type::kEchoes, EchoOf(3, "a"), EchoOf(4, "a"))),
              HasSubstr("do not echo"));
  Votes elsewhere = EchoOf(4, "b");
  std::get<vote::Echo>(elsewhere.votes[0]).slot.phase = Phase::kSheet;
  EXPECT_THAT(Refusal(Pair(Type::kEchoes, EchoOf(3, "a"), elsewhere)), HasSubstr("do not echo"));
}

TEST_F(EvidenceTest, NobodyIsConvictedByWhatOthersSigned) {
  EXPECT_THAT(Refusal(Pair(Type::kProposals, AnswerOf("a"), AnswerOf("b"), 2)),
              HasSubstr("names author 1"));
  Evidence forged = Pair(Type::kProposals, AnswerOf("a"), AnswerOf("b"));
  Envelope envelope = *forged.second;
  envelope.signature = cluster_.Sign(2, AnswerOf("b")).signature;
  forged.second = std::make_shared<const Envelope>(envelope);
  EXPECT_THAT(Refusal(forged), HasSubstr("bad_signature"));
  forged.second = nullptr;
  EXPECT_THAT(Refusal(forged), HasSubstr("missing"));
  EXPECT_THAT(Refusal(Pair(Type::kEchoes, AnswerOf("a"), AnswerOf("b"))), HasSubstr("kind"));
}

TEST_F(EvidenceTest, RecordComesBackTheSame) {
  const Evidence evidence = Pair(Type::kEchoes, EchoOf(3, "a"), EchoOf(4, "b"));
  const auto back = DecodeEvidence(EncodeEvidence(evidence, TestRound("r"), 1234));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->evidence.type, Type::kEchoes);
  EXPECT_EQ(back->evidence.author, NodeIndex{1});
  EXPECT_EQ(back->evidence.first->body, evidence.first->body);
  EXPECT_EQ(back->evidence.second->signature, evidence.second->signature);
  EXPECT_EQ(back->round, TestRound("r"));
  EXPECT_EQ(back->unix_ms, 1234);
  EXPECT_TRUE(Check(back->evidence).ok());
}

TEST_F(EvidenceTest, OtherBytesAreNoRecord) {
  EXPECT_FALSE(DecodeEvidence("").ok());
  EXPECT_FALSE(DecodeEvidence("nonsense").ok());
}

}  // namespace
}  // namespace decentd
