#include "node/gateway/chat_reply.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/gateway/proven_round.h"

namespace decentd {
namespace {

using Json = nlohmann::json;

class ChatReply : public ::testing::Test {
 protected:
  CheckedBundle Make(testing::BundleOptions options) {
    return ProvenRound(cluster_, std::move(options));
  }
  const testing::TestCluster cluster_{4};
};

TEST_F(ChatReply, IsACompletionWithTheCouncilsAccount) {
  testing::BundleOptions options;
  options.silent_evaluators = {3};
  options.abstaining_workers = {1};
  const CheckedBundle bundle = Make(std::move(options));
  const Json json = Json::parse(CompletionJson(bundle, {"decent-3", 1'700'000'000}));
  EXPECT_EQ(json["id"], "chatcmpl-" + bundle.round.Hex());
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["created"], 1'700'000'000);
  EXPECT_EQ(json["model"], "decent-3");
  ASSERT_EQ(json["choices"].size(), 1u);
  EXPECT_EQ(json["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(json["choices"][0]["message"]["content"], "Lima, says node 3");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(json["usage"]["total_tokens"], 0);
  const Json& decent = json["decent"];
  EXPECT_EQ(decent["round_id"], bundle.round.Hex());
  EXPECT_EQ(decent["status"], "decided");
  EXPECT_EQ(decent["winner"], "node-3");
  EXPECT_EQ(decent["answers"], Json({{"received", 3}, {"expected", 4}}));
  EXPECT_EQ(decent["sheets"], Json({{"received", 3}, {"expected", 4}}));
  EXPECT_EQ(decent["certificate"], true);
  EXPECT_GT(decent["robust_score"].get<double>(), 5.0);
  EXPECT_EQ(json["usage"], decent["usage"]);
  ASSERT_EQ(decent["missing_agents"].size(), 2u);
  EXPECT_EQ(decent["missing_agents"][0]["agent"], "node-1");
  EXPECT_EQ(decent["missing_agents"][0]["reason"], "failed");
  EXPECT_EQ(decent["missing_agents"][1]["missing"], "sheet");
  EXPECT_EQ(decent["usage_known"], false);
  EXPECT_EQ(decent["cost_known"], false);
  EXPECT_TRUE(decent["cost_usd"].is_null());
}

TEST_F(ChatReply, StreamIsChunksAndDone) {
  const std::string events = CompletionEvents(Make({}), {"decent", 1}, /*include_usage=*/true);
  std::vector<std::string> data;
  for (size_t at = 0; at < events.size();) {
    const size_t end = events.find("\n\n", at);
    ASSERT_NE(end, std::string::npos);
    ASSERT_EQ(events.substr(at, 6), "data: ");
    data.push_back(events.substr(at + 6, end - at - 6));
    at = end + 2;
  }
  ASSERT_EQ(data.size(), 5u);
  EXPECT_EQ(data.back(), "[DONE]");
  std::string content;
  for (size_t i = 0; i + 1 < data.size(); ++i) {
    const Json chunk = Json::parse(data[i]);
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    for (const Json& choice : chunk["choices"]) {
      content += choice["delta"].value("content", "");
    }
  }
  EXPECT_EQ(content, "Lima, says node 3");
  EXPECT_EQ(Json::parse(data[2])["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(Json::parse(data[3])["choices"].empty());
  EXPECT_TRUE(Json::parse(data[3])["usage"].is_object());
}

TEST_F(ChatReply, AnAgreedFailureNamesItsReasonAndRound) {
  testing::BundleOptions options;
  options.abstaining_workers = {0, 1, 2, 3};
  const CheckedBundle bundle = Make(std::move(options));
  const ApiError error = AgreedFailure(bundle);
  EXPECT_EQ(error.status, 502);
  EXPECT_EQ(error.code, "too_few_answers");
  EXPECT_EQ(error.round, bundle.round);
}

}  // namespace
}  // namespace decentd
