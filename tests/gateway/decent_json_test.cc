#include "node/gateway/decent_json.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/proven_round.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

class Decent : public ::testing::Test {
 protected:
  Json Of(testing::BundleOptions options = {}) {
    return DecentJson(ProvenRound(cluster_, std::move(options)));
  }
  const testing::TestCluster cluster_{4};
};

TEST_F(Decent, TellsOfEachAgentWhatItBrought) {
  testing::BundleOptions options;
  options.silent_workers = {0};
  options.abstaining_evaluators = {2};
  const Json json = Of(std::move(options));
  ASSERT_EQ(json["agents"].size(), 4u);
  const Json& silent = json["agents"][0];
  EXPECT_EQ(silent["agent"], "node-0");
  EXPECT_EQ(silent["answer"]["status"], "missing");
  EXPECT_TRUE(silent["answer"]["rank"].is_null());
  EXPECT_EQ(silent["sheet"]["status"], "usable");
  EXPECT_EQ(silent["sheet"]["prefers"], Json::array({"node-3"}));
  const Json& abstained = json["agents"][2];
  EXPECT_EQ(abstained["sheet"]["status"], "abstained");
  EXPECT_EQ(abstained["sheet"]["reason"], "timed_out");
  EXPECT_FALSE(abstained["sheet"]["outlier"]);
  const Json& winner = json["agents"][3];
  EXPECT_EQ(winner["answer"]["rank"], 1);
  EXPECT_EQ(winner["answer"]["robust_score"], json["robust_score"]);
  EXPECT_EQ(json["winner"], "node-3");
  EXPECT_EQ(json["dissent"], Json({{"sheets", 0}, {"agents", Json::array()}}));
}

TEST_F(Decent, WhatIsNotSaidIsUnknownAndNeverNothing) {
  const Json json = Of();
  EXPECT_EQ(json["usage_known"], false);
  EXPECT_TRUE(json["cost_usd"].is_null());
  for (const Json& agent : json["agents"]) {
    EXPECT_TRUE(agent["prompt_tokens"].is_null());
    EXPECT_TRUE(agent["answer"]["cost_usd"].is_null());
    EXPECT_FALSE(agent["cost_known"]);
  }
}

TEST_F(Decent, WhoWasNeverCalledUsedNothingAndThatIsKnown) {
  testing::BundleOptions options;
  options.abstaining_workers = options.abstaining_evaluators = {1};
  options.abstaining_for = AbstainReason::kNotConfigured;
  const Json json = Of(std::move(options));
  EXPECT_EQ(json["agents"][1]["cost_usd"], 0.0);
  EXPECT_EQ(json["agents"][1]["cost_known"], true);
  EXPECT_TRUE(json["cost_usd"].is_null()) << "the others say nothing";
}

TEST_F(Decent, AClaimThatCannotBeIsUnknownAndSpoilsNoSum) {
  testing::BundleOptions options;
  options.usage[0] = {uint64_t{1} << 63, 5, UINT64_MAX, UINT64_MAX};
  for (int node = 1; node < 4; ++node) options.usage[node] = {100, 10, 2'000'000, 5};
  const Json json = Of(std::move(options));
  EXPECT_EQ(json["usage"]["prompt_tokens"], 300);
  EXPECT_EQ(json["usage"]["total_tokens"], 335);
  EXPECT_EQ(json["usage_known"], false);
  EXPECT_EQ(json["cost_usd"], 6.0);
  const Json& liar = json["agents"][0]["answer"];
  EXPECT_TRUE(liar["prompt_tokens"].is_null());
  EXPECT_TRUE(liar["cost_usd"].is_null());
  EXPECT_TRUE(liar["elapsed_ms"].is_null());
  EXPECT_EQ(liar["completion_tokens"], 5);
}

TEST_F(Decent, AnAgreedFailureHasNoWinnerAndNoSheets) {
  testing::BundleOptions options;
  options.abstaining_workers = {0, 1, 2, 3};
  const Json json = Of(std::move(options));
  EXPECT_EQ(json["status"], "too_few_answers");
  for (const char* key : {"winner", "robust_score", "flip_margin"}) {
    EXPECT_TRUE(json[key].is_null()) << key;
  }
  for (const Json& agent : json["agents"]) EXPECT_TRUE(agent["sheet"].is_null());
  EXPECT_EQ(json["missing_agents"].size(), 4u);
}

}  // namespace
}  // namespace decentd
