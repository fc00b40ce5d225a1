#include "node/gateway/chat_run.h"

#include <gmock/gmock.h>

#include "tests/gateway/gateway_fixture.h"

namespace decentd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ChatRunTest : public GatewayFixture {
 protected:
  // Asks, and returns once the round is watched.
  std::shared_ptr<FakeExchange> Ask(bool stream = false) {
    auto exchange = Question(stream);
    RunChat(access_, PublicKey{}, exchange);
    exchange->RunOne();  // taken
    if (stream) exchange->Run([&] { return exchange->streams(); });
    council_.WaitForWatchers(Submitted(), 1);
    return exchange;
  }
};

TEST_F(ChatRunTest, ARoundThatWasGivenUpIsToBeAskedAgain) {
  const auto exchange = Ask();
  Publish(RoundEvent::Type::kGivenUp, "answers of node-2");
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(Code(reply), "round_undecided");
  // Else OpenAI's clients ask again by themselves, for a round each time.
  EXPECT_THAT(reply.headers,
              ::testing::Contains(std::pair<std::string, std::string>("x-should-retry", "false")));
  EXPECT_THAT(reply.body, HasSubstr("answers of node-2"));
  EXPECT_THAT(reply.body, HasSubstr(Submitted().Hex()));
}

TEST_F(ChatRunTest, WhatDoesNotVerifyIsNoAnswer) {
  const auto exchange = Ask();
  council_.SetBundle(Submitted(), "no proof at all");
  Publish(RoundEvent::Type::kCertified);
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(Code(reply), "proof_invalid");
}

TEST_F(ChatRunTest, AStreamTellsItsProgressInCommentsAndItsFailureAsAnEvent) {
  const auto exchange = Ask(/*stream=*/true);
  EXPECT_TRUE(exchange->streams());
  Publish(RoundEvent::Type::kPhaseStarted);
  exchange->TimeIsUp();
  const std::string stream = exchange->WaitStream();
  EXPECT_THAT(stream, StartsWith(": round " + Submitted().Hex() + "\n\n"));
  EXPECT_THAT(stream, HasSubstr("data: {\"error\":{"));
  EXPECT_THAT(stream, HasSubstr("round_timed_out"));
  EXPECT_THAT(stream, EndsWith("\n\n"));
}

TEST_F(ChatRunTest, AClientThatGoesEndsTheWatchingAndNotTheRound) {
  const auto exchange = Ask();
  exchange->End();
  council_.WaitForWatchers(Submitted(), 0);
  EXPECT_EQ(council_.GetRound(Submitted())->state, RoundSummary::State::kRunning);
}

TEST_F(ChatRunTest, AServerThatStopsAnswersOnceMore) {
  const auto exchange = Ask();
  exchange->ServerStops();
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(Code(reply), "node_stopping");
}

TEST_F(ChatRunTest, ANodeThatDoesNotTakeTheQuestionSaysWhy) {
  council_.submit_status = absl::FailedPreconditionError("the node does not vote: disk full");
  const auto exchange = Question();
  RunChat(access_, PublicKey{}, exchange);
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, HasSubstr("disk full"));
}

// No round began: who asks again asks once.
TEST_F(ChatRunTest, WhatTheNodeHasNoRoomForIsToBeAskedAgain) {
  council_.submit_status = absl::ResourceExhaustedError("256 rounds are open, as many as may be");
  const auto exchange = Question();
  RunChat(access_, PublicKey{}, exchange);
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(Code(reply), "node_unavailable");
  EXPECT_THAT(reply.body, Not(HasSubstr("round_id")));
  EXPECT_THAT(reply.headers, ::testing::Contains(::testing::Key("Retry-After")));
  EXPECT_THAT(reply.headers, Not(::testing::Contains(::testing::Key("x-should-retry"))));
}

// It may take the question yet.
TEST_F(ChatRunTest, ANodeThatIsSlowToTakeTheQuestionIsNotAskedTwice) {
  council_.hold_submit = true;
  const auto exchange = Question();
  RunChat(access_, PublicKey{}, exchange);
  council_.WaitForHeldSubmit();
  exchange->TimeIsUp();
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 504);
  EXPECT_THAT(reply.body, HasSubstr("round_id"));
  EXPECT_THAT(reply.headers,
              ::testing::Contains(std::pair<std::string, std::string>("x-should-retry", "false")));
}

// One thread serves many exchanges.
TEST_F(ChatRunTest, ABusyNodeIsNotWaitedForOnAnExchangesThread) {
  const auto exchange = Ask();
  std::promise<void> free;
  council_.before_get_round = free.get_future().share();
  exchange->TimeIsUp();  // returns although the node does not
  free.set_value();
  EXPECT_EQ(exchange->WaitReply().status, 504);
}

}  // namespace
}  // namespace decentd
