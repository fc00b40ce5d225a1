#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "node/config/files.h"
#include "tests/config/temporary_folder.h"
#include "tests/decentctl/run_decentctl.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kOk = static_cast<int>(ExitCode::kOk);
constexpr int kConfiguration = static_cast<int>(ExitCode::kConfiguration);

class ConfigCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const CommandResult made = RunDecentctl(
        {"init", "--dir", folder_.path(), "--name", "alice", "--address", "a.example.org:7400"});
    ASSERT_EQ(made.exit_code, kOk) << made.err;
    card_ = made.out.substr(0, made.out.find('\n'));
  }
  void MakeRoster() {
    ASSERT_EQ(RunDecentctl({"roster", "create", "--out", folder_ / "roster.yaml", card_}).exit_code,
              kOk);
  }
  void Replace(const std::string& from, const std::string& to) {
    std::string text = *ReadTextFile(folder_ / "node.yaml");
    ASSERT_NE(text.find(from), std::string::npos);
    text.replace(text.find(from), from.size(), to);
    ASSERT_TRUE(ReplaceFile(folder_ / "node.yaml", text).ok());
  }

  TemporaryFolder folder_;
  std::string card_;
};

TEST_F(ConfigCommandTest, CheckIsContentWithWhatInitAndRosterMade) {
  const CommandResult without = RunDecentctl({"config", "check", "--dir", folder_.path()});
  EXPECT_EQ(without.exit_code, kConfiguration);
  EXPECT_THAT(without.err, HasSubstr("decentctl roster create"));
  MakeRoster();
  const CommandResult with = RunDecentctl({"config", "check", "--dir", folder_.path()});
  EXPECT_EQ(with.exit_code, kOk) << with.err;
  EXPECT_THAT(with.out, HasSubstr("fit together"));
}

TEST_F(ConfigCommandTest, CheckSpeaksJson) {
  const CommandResult result = RunDecentctl({"config", "check", "--dir", folder_.path(), "--json"});
  EXPECT_EQ(result.exit_code, kConfiguration);
  const nlohmann::json json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["problems"].size(), 1u);
}

TEST_F(ConfigCommandTest, ShowTellsValuesAndOriginsAndNoSecret) {
  Replace("# api_key_env: OPENAI_API_KEY", "api_key_env: OPENAI_API_KEY");
  const std::vector<std::string> words = {"config", "show", "--config", folder_ / "node.yaml"};
  const CommandResult set = RunDecentctl(words, {{"OPENAI_API_KEY", "sk-very-secret"}});
  EXPECT_EQ(set.exit_code, kOk) << set.err;
  EXPECT_THAT(set.out, AllOf(HasSubstr("(set)"), HasSubstr("environment OPENAI_API_KEY"),
                             HasSubstr("default"), Not(HasSubstr("sk-very-secret"))));
  std::vector<std::string> as_json = words;
  as_json.push_back("--json");
  const nlohmann::json json = nlohmann::json::parse(RunDecentctl(as_json).out);
  EXPECT_EQ(json["clients.listen"]["value"], "127.0.0.1:8400");
  EXPECT_THAT(json["clients.listen"]["origin"].get<std::string>(), HasSubstr("node.yaml:"));
  EXPECT_THAT(json["models.answer.api_key"]["value"].get<std::string>(),
              HasSubstr("OPENAI_API_KEY is not set"));
}

TEST_F(ConfigCommandTest, AnErrorNamesTheLine) {
  Replace("log:\n", "logg:\n");
  const CommandResult result = RunDecentctl({"config", "show", "--dir", folder_.path()});
  EXPECT_EQ(result.exit_code, kConfiguration);
  EXPECT_THAT(result.err, AllOf(HasSubstr(folder_ / "node.yaml:"),
                                HasSubstr("unknown key 'logg'; did you mean 'log'?")));
  EXPECT_THAT(RunDecentctl({"config", "show", "--dir", "/absent"}).err,
              HasSubstr("decentctl init"));
}

}  // namespace
}  // namespace decentd
