// What is encoded comes back the same.
#include <gtest/gtest.h>

#include <string>

#include "node/codec/peer_codec.h"
#include "node/core/verdict.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using testing::TestCluster;
using testing::TestRound;

class Bodies : public ::testing::Test {
 protected:
  TestCluster cluster_{5};
  const Roster& roster_ = cluster_.roster();
};

// A model's reply is encoded before it is refused; protobuf would log each string that is no UTF-8.
TEST_F(Bodies, TextThatIsNoUtf8IsRefusedWithoutALineInTheLog) {
  ::testing::internal::CaptureStderr();
  const std::string body =
      EncodeBody(Propose{TestRound("round"), Phase::kAnswer, Answer{"\xff\xfe", "m", "stop", {}}});
  EXPECT_FALSE(DecodePropose(roster_, body));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(Bodies, QueryComesBackTheSame) {
  Query query = cluster_.MakeQuery("¿Cuál es la capital del Perú?");
  query.sampling.max_tokens = 100;
  query.sampling.temperature = 0.0;
  query.sampling.top_p = 1.0;
  query.sampling.seed = -7;
  query.sampling.stop = {"\n", "END"};
  query.sampling.response_format = R"({"type":"json_object"})";
  query.answer_soft_ms = 10;
  query.answer_hard_ms = 11;
  query.sheet_hard_ms = 12;
  query.committee = 5;
  const std::optional<Query> back = DecodeQuery(EncodeBody(query));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->client_key, query.client_key);
  ASSERT_EQ(back->messages.size(), 2u);
  EXPECT_EQ(back->messages[1].role, "user");
  EXPECT_EQ(back->messages[1].content, query.messages[1].content);
  EXPECT_EQ(back->sampling.max_tokens, 100u);
  EXPECT_EQ(back->sampling.temperature, 0.0);
  EXPECT_EQ(back->sampling.top_p, 1.0);
  EXPECT_EQ(back->sampling.seed, -7);
  EXPECT_EQ(back->sampling.stop, query.sampling.stop);
  EXPECT_EQ(back->sampling.response_format, query.sampling.response_format);
  EXPECT_EQ(back->answer_soft_ms, 10u);
  EXPECT_EQ(back->answer_hard_ms, 11u);
  EXPECT_EQ(back->sheet_soft_ms, 0u);
  EXPECT_EQ(back->sheet_hard_ms, 12u);
  EXPECT_EQ(back->committee, 5u);
  EXPECT_EQ(back->nonce, query.nonce);
  EXPECT_EQ(back->expiry_unix_ms, query.expiry_unix_ms);
}

TEST_F(Bodies, UnsetSamplingStaysUnset) {
  const std::optional<Query> back = DecodeQuery(EncodeBody(cluster_.MakeQuery()));
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->sampling.max_tokens);
  EXPECT_FALSE(back->sampling.temperature);
  EXPECT_FALSE(back->sampling.seed);
}

TEST_F(Bodies, PayloadsComeBackTheSame) {
  Answer answer{"Lima.", "model-1", "stop", {}};
  answer.usage.prompt_tokens = 0;  // known to be zero is not unknown
  const auto a =
      DecodePropose(roster_, EncodeBody(Propose{TestRound("r"), Phase::kAnswer, answer}));
  ASSERT_TRUE(a);
  EXPECT_TRUE(a->usable());
  EXPECT_EQ(a->round, TestRound("r"));
  EXPECT_EQ(std::get<Answer>(a->payload).text, "Lima.");
  EXPECT_EQ(std::get<Answer>(a->payload).usage.prompt_tokens, 0u);
  EXPECT_FALSE(std::get<Answer>(a->payload).usage.completion_tokens);

  const Sheet sheet{Sha256("A"), {{NodeIndex{1}, {1, 2, 3, 4, 20000}}}, "judge 1", {}};
  const auto s = DecodePropose(roster_, EncodeBody(Propose{TestRound("r"), Phase::kSheet, sheet}));
  ASSERT_TRUE(s);
  EXPECT_EQ(s->phase, Phase::kSheet);
  EXPECT_EQ(std::get<Sheet>(s->payload).answers, Sha256("A"));
  EXPECT_EQ(std::get<Sheet>(s->payload).entries[0].author, NodeIndex{1});
  EXPECT_EQ(std::get<Sheet>(s->payload).entries[0].scores, sheet.entries[0].scores);
  EXPECT_EQ(std::get<Sheet>(s->payload).scorer, "judge 1");

  for (Phase phase : {Phase::kAnswer, Phase::kSheet}) {
    const auto x = DecodePropose(
        roster_,
        EncodeBody(Propose{TestRound("r"), phase, Abstain{AbstainReason::kOverBudget, "busy"}}));
    ASSERT_TRUE(x);
    EXPECT_FALSE(x->usable());
    EXPECT_EQ(x->phase, phase);
    EXPECT_EQ(std::get<Abstain>(x->payload).reason, AbstainReason::kOverBudget);
    EXPECT_EQ(std::get<Abstain>(x->payload).detail, "busy");
  }
}

TEST_F(Bodies, VotesComeBackTheSame) {
  const Slot answer{Phase::kAnswer, NodeIndex{0}}, sheet{Phase::kSheet, NodeIndex{4}};
  const Votes votes{
      TestRound("r"),
      7,
      {vote::Enter{Phase::kSheet}, vote::Echo{answer, Sha256("x")}, vote::Est{sheet, 2, false},
       vote::Aux{answer, 1, 3}, vote::Hint{sheet, 4, true}, vote::Decided{answer, true}}};
  const std::optional<Votes> back = DecodeVotes(roster_, EncodeBody(votes));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->round, votes.round);
  EXPECT_EQ(back->seq, 7u);
  ASSERT_EQ(back->votes.size(), 6u);
  EXPECT_EQ(std::get<vote::Enter>(back->votes[0]).phase, Phase::kSheet);
  EXPECT_EQ(std::get<vote::Echo>(back->votes[1]).digest, Sha256("x"));
  EXPECT_EQ(std::get<vote::Est>(back->votes[2]).slot, sheet);
  EXPECT_EQ(std::get<vote::Est>(back->votes[2]).round, 2u);
  EXPECT_FALSE(std::get<vote::Est>(back->votes[2]).value);
  EXPECT_EQ(std::get<vote::Aux>(back->votes[3]).values, 3);
  EXPECT_EQ(std::get<vote::Hint>(back->votes[4]).round, 4u);
  EXPECT_TRUE(std::get<vote::Hint>(back->votes[4]).value);
  EXPECT_EQ(std::get<vote::Decided>(back->votes[5]).slot, answer);
  EXPECT_TRUE(std::get<vote::Decided>(back->votes[5]).value);
}

TEST_F(Bodies, SmallStatementsComeBackTheSame) {
  EXPECT_EQ(DecodeSponsor(EncodeBody(Sponsor{TestRound("r")}))->round, TestRound("r"));
  const Heartbeat heartbeat = *DecodeHeartbeat(EncodeBody(Heartbeat{3, ~uint64_t{0}}));
  EXPECT_EQ(heartbeat.boot, 3u);
  EXPECT_EQ(heartbeat.counter, ~uint64_t{0});
  const Decision decision{TestRound("r"), Verdict{}.Encode(), Closed::kSoft, Closed::kHard};
  const std::optional<Decision> back = DecodeDecision(EncodeBody(decision));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->round, TestRound("r"));
  EXPECT_EQ(back->verdict, decision.verdict);
  EXPECT_EQ(back->closed_answers, Closed::kSoft);
  EXPECT_EQ(back->closed_sheets, Closed::kHard);
}

TEST_F(Bodies, EnvelopeComesBackTheSameAndUnknownKindsDoNot) {
  const Envelope envelope{Kind::kVotes, 4, "body", "signature"};
  types::v1::Envelope proto;
  ToProto(envelope, &proto);
  const std::optional<Envelope> back = FromProto(proto);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, Kind::kVotes);
  EXPECT_EQ(back->author, 4u);
  EXPECT_EQ(back->body, "body");
  EXPECT_EQ(back->signature, "signature");
  for (int kind : {0, 7, -1, 1 << 20}) {
    proto.set_kind(static_cast<types::v1::Kind>(kind));
    EXPECT_FALSE(FromProto(proto)) << kind;
  }
}

}  // namespace
}  // namespace decentd
