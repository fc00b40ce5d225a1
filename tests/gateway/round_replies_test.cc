#include "node/gateway/round_replies.h"

#include <gmock/gmock.h>

#include "tests/gateway/gateway_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class RoundRepliesTest : public GatewayFixture {
 protected:
  RoundId Add(const std::string& name, RoundSummary::State state = RoundSummary::State::kRunning) {
    const RoundId id{Sha256(name)};
    council_.AddRound(id, state);
    return id;
  }
  static Call Of(std::shared_ptr<FakeExchange> exchange, const RoundId& round) {
    return {std::move(exchange), round.Hex(), {}};
  }
  std::shared_ptr<FakeExchange> Since(const std::string& last_event_id) {
    HttpRequest request;
    request.last_event_id = last_event_id;
    return Exchange(std::move(request));
  }
  RoundReplies replies_{access_};
};

TEST_F(RoundRepliesTest, TheEventsOfARoundThatWasGivenUpAreGone) {
  const auto exchange = Exchange();
  replies_.Events(Of(exchange, Add("a", RoundSummary::State::kUndecided)));
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 410);
  EXPECT_EQ(Code(reply), "round_given_up");
}

TEST_F(RoundRepliesTest, AStreamGoesOnBehindTheLastEvent) {
  const RoundId round = Add("a");
  for (int i = 0; i < 5; ++i) Publish(RoundEvent::Type::kPhaseStarted);
  const auto exchange = Since("3");
  replies_.Events(Of(exchange, round));
  Publish(RoundEvent::Type::kCertified);
  const std::string stream = exchange->WaitStream();
  for (int seq = 1; seq <= 6; ++seq) {
    EXPECT_EQ(stream.find("id: " + std::to_string(seq) + "\n") != std::string::npos, seq > 3)
        << seq;
  }
  exchange->End();
}

TEST_F(RoundRepliesTest, WhoHasTheLastEventIsToldThatItWasTheLast) {
  const RoundId round = Add("a");
  Publish(RoundEvent::Type::kPhaseStarted);
  Publish(RoundEvent::Type::kCertified);
  for (const char* last_event_id : {"2", "3", "999999999999999"}) {
    const auto exchange = Since(last_event_id);
    replies_.Events(Of(exchange, round));
    EXPECT_EQ(exchange->WaitReply().status, 204) << last_event_id;
    exchange->End();
  }
}

TEST_F(RoundRepliesTest, AStreamThatHasNothingToTellYetIsBegun) {
  const RoundId round = Add("a");
  Publish(RoundEvent::Type::kPhaseStarted);
  const auto exchange = Since("1");
  replies_.Events(Of(exchange, round));
  exchange->Run([&] { return exchange->streams(); });
  Publish(RoundEvent::Type::kCertified);
  EXPECT_THAT(exchange->WaitStream(), HasSubstr("id: 2"));
  exchange->End();
}

TEST_F(RoundRepliesTest, ALastEventThatIsNoNumberIsRefused) {
  const RoundId round = Add("a");
  for (const char* last_event_id : {"x", "-1", "+1", "1.5", " 1", "1000000000000000"}) {
    const auto exchange = Since(last_event_id);
    replies_.Events(Of(exchange, round));
    EXPECT_EQ(exchange->WaitReply().status, 400) << last_event_id;
  }
}

TEST_F(RoundRepliesTest, AWatcherThatGoesIsForgotten) {
  const RoundId round = Add("a");
  const auto exchange = Exchange();
  replies_.Events(Of(exchange, round));
  council_.WaitForWatchers(round, 1);
  exchange->End();
  council_.WaitForWatchers(round, 0);
}

TEST_F(RoundRepliesTest, TheBundleOfARoundThatWasGivenUpIsGone) {
  const RoundId round = Add("a");
  council_.SetState(round, RoundSummary::State::kUndecided);
  const auto exchange = Exchange();
  replies_.Bundle(Of(exchange, round));
  const HttpReply reply = exchange->WaitReply();
  EXPECT_EQ(reply.status, 410);
  EXPECT_EQ(Code(reply), "round_given_up");
}

TEST_F(RoundRepliesTest, BundlesAreBoundedAtOnce) {
  const RoundId round = Add("a");
  council_.SetBundle(round, "bytes");
  std::vector<std::shared_ptr<FakeExchange>> sent;
  for (int i = 0; i < 8; ++i) {
    sent.push_back(Exchange());
    replies_.Bundle(Of(sent.back(), round));
    EXPECT_EQ(sent.back()->WaitReply().status, 200) << i;
  }
  const auto refused = Exchange();
  replies_.Bundle(Of(refused, round));
  EXPECT_EQ(refused->WaitReply().status, 503);
  sent[0]->End();
  const auto next = Exchange();
  replies_.Bundle(Of(next, round));
  EXPECT_EQ(next->WaitReply().body, "bytes");
  for (const auto& one : sent) one->End();
  next->End();
}

TEST_F(RoundRepliesTest, EvidenceIsShownWithItsRound) {
  const RoundId round = Add("a");
  StoredEvidence ours, other;
  ours.id = "e1";
  ours.author = NodeIndex{2};
  ours.kind = "votes";
  ours.round = round;
  other.id = "e2";
  other.round = Add("b");
  council_.SetEvidence({ours, other});
  RoundSummary summary = *council_.GetRound(round);
  summary.cluster_id = cluster_.roster().cluster_id();
  council_.SetSummary(summary);
  const auto exchange = Exchange();
  replies_.One(Of(exchange, round));
  const Json json = Json::parse(exchange->WaitReply().body);
  ASSERT_EQ(json["evidence"].size(), 1u);
  EXPECT_EQ(json["evidence"][0]["author"], "node-2");
  EXPECT_EQ(json["decent"], nullptr);
}

TEST_F(RoundRepliesTest, APagesParametersAreChecked) {
  for (const char* query :
       {"limit=0", "limit=101", "limit=x", "after=12", "expand=all", "page=2"}) {
    HttpRequest request;
    request.query = query;
    const auto exchange = Exchange(std::move(request));
    replies_.List({exchange, "", {}});
    EXPECT_EQ(exchange->WaitReply().status, 400) << query;
  }
}

TEST_F(RoundRepliesTest, AQuestionIsTakenAndNotWaitedFor) {
  const auto exchange = Question(/*stream=*/true);
  replies_.Create({exchange, "", {}});
  EXPECT_THAT(exchange->WaitReply().body, HasSubstr("'stream'"));  // that is for chats
  HttpRequest request;
  request.body = R"({"question":"Why?"})";
  const auto plain = Exchange(std::move(request));
  replies_.Create({plain, "", {}});
  const HttpReply reply = plain->WaitReply();
  EXPECT_EQ(reply.status, 202);
  ASSERT_EQ(reply.headers.size(), 1u);
  EXPECT_EQ(reply.headers[0].second, "/v1/rounds/" + Submitted().Hex());
}

}  // namespace
}  // namespace decentd
