// What node.yaml says of models is what the model room is told.
#include "node/daemon/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace decentd {
namespace {

using ::testing::HasSubstr;

std::optional<std::string> NoEnvironment(const std::string&) { return std::nullopt; }

// With these models, and any other lines.
NodeConfig Config(const std::string& answer, const std::string& judge, const std::string& rest) {
  const auto loaded = ParseNodeConfig(
      "name: ada\nidentity_key: i.key\ndata_directory: data\nroster: r.yaml\n"
      "peers: {listen: \"127.0.0.1:1\"}\nmodels:\n  answer: {" +
          answer + "}\n  judge: {" + judge + "}\n" + rest,
      "/node.yaml");
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return loaded.ok() ? loaded->config : NodeConfig();
}

constexpr char kServer[] = "backend: openai, url: \"http://127.0.0.1:8080/v1\", model: m";
constexpr char kProgram[] = "backend: exec, command: [./judge]";

TEST(ModelConfig, TheCallsThatMayWaitAreBoundedForEachModel) {
  const auto models = MakeModelsConfig(
      Config(kServer, kProgram, "limits: {model_calls_waiting: 3}\n"), NoEnvironment);
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(std::get<llm::OpenAiConfig>(*models->answer).max_queue, 3u);
  EXPECT_EQ(std::get<llm::ExecConfig>(*models->judge).max_queue, 3u);
}

TEST(ModelConfig, WhatIsSaidOfJudgingReachesTheJudge) {
  const auto models = MakeModelsConfig(
      Config(kServer,
             std::string(kServer) +
                 ", method: per_answer, extra_tokens: 900, temperature: 0.5, seed: 7, prompts: p",
             ""),
      NoEnvironment);
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->judging.mode, llm::JudgeMode::kPerAnswer);
  EXPECT_EQ(models->judging.extra_tokens, 900u);
  EXPECT_EQ(models->judging.temperature, 0.5);
  EXPECT_EQ(models->judging.seed, 7);
  EXPECT_EQ(models->judging.prompts_directory, "/p");
}

// One server has one line of calls, whatever its answers and judgements are sampled with.
TEST(ModelConfig, AnAnswerAndAJudgeThatAreOneModelAreOneBackend) {
  const auto models = MakeModelsConfig(
      Config(std::string(kServer) + ", temperature: 0.7, max_tokens: 100", kServer, ""),
      NoEnvironment);
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->answer, models->judge);
}

TEST(ModelConfig, AKeyThatIsNotThereIsNamedWithItsModel) {
  const auto models = MakeModelsConfig(
      Config(kServer, std::string(kServer) + ", api_key_env: NO_SUCH_KEY", ""), NoEnvironment);
  ASSERT_FALSE(models.ok());
  EXPECT_THAT(std::string(models.status().message()), HasSubstr("models.judge: "));
  EXPECT_THAT(std::string(models.status().message()), HasSubstr("NO_SUCH_KEY"));
}

}  // namespace
}  // namespace decentd
