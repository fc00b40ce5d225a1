#include "node/config/node_check.h"

#include "crypto/keyfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "tests/config/temporary_folder.h"

namespace decentd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NodeCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto identity = NewEd25519Signer();
    node_.name = "alice";
    node_.key = identity->public_key();
    node_.addresses = {"a:1"};
    config_.name = "alice";
    config_.identity_key = folder_ / "identity.key";
    config_.roster = folder_ / "roster.yaml";
    config_.answer_model = OpenAiBackend{};
    config_.judge_model = JudgeConfig{};
    ASSERT_TRUE(CreateKeyFile(config_.identity_key, *identity, "").ok());
    WriteRoster();
  }

  void WriteRoster() {
    ASSERT_TRUE(ReplaceFile(config_.roster, RenderRoster(Roster(1, {node_}, {}))).ok());
  }

  NodeCheck Check() {
    return CheckNode(config_, [](const std::string&) { return std::nullopt; });
  }

  TemporaryFolder folder_;
  RosterNode node_;
  NodeConfig config_;
};

TEST_F(NodeCheckTest, FindsNothingWhereAllFits) {
  EXPECT_THAT(Check().problems, IsEmpty());
  EXPECT_THAT(Check().warnings, IsEmpty());
}

TEST_F(NodeCheckTest, FindsANodeThatTheRosterDoesNotKnow) {
  config_.name = "bob";
  EXPECT_THAT(Check().problems, ElementsAre(HasSubstr("there is no node 'bob'")));
}

TEST_F(NodeCheckTest, FindsAnotherKeyThanTheRosters) {
  node_.key = NewEd25519Signer()->public_key();
  WriteRoster();
  EXPECT_THAT(Check().problems, ElementsAre(HasSubstr("the roster gives 'alice' the key")));
}

TEST_F(NodeCheckTest, FindsMissingFilesAllAtOnce) {
  config_.identity_key = folder_ / "absent.key";
  config_.roster = folder_ / "absent.yaml";
  config_.clients.tls_certificate = config_.clients.tls_key = folder_ / "absent.pem";
  const NodeCheck check = Check();
  EXPECT_THAT(check.problems, Contains(HasSubstr("absent.key")));
  EXPECT_THAT(check.problems, Contains(HasSubstr("decentctl roster create")));
  EXPECT_THAT(check.problems, Contains(HasSubstr("absent.pem")));
}

TEST_F(NodeCheckTest, FindsAnApiKeyThatIsNotThere) {
  std::get<OpenAiBackend>(*config_.answer_model).api_key_env = "ABSENT";
  EXPECT_THAT(Check().problems, ElementsAre(HasSubstr("models.answer: the environment variable")));
}

TEST_F(NodeCheckTest, FindsAProgramThatCannotRun) {
  config_.answer_model = ExecBackend{{folder_ / "absent"}, "", 1000, 1024, 1};
  EXPECT_THAT(Check().problems, ElementsAre(HasSubstr("cannot run")));
}

TEST_F(NodeCheckTest, WarnsOfARoleWithoutAModelAndOfAModelWithoutARole) {
  config_.judge_model.reset();
  EXPECT_THAT(Check().warnings, ElementsAre(HasSubstr("an evaluator, but models.judge")));
}

TEST_F(NodeCheckTest, WarnsOfAModelSlowerThanTheDeadline) {
  std::get<OpenAiBackend>(*config_.answer_model).timeout_ms = 30'000;
  EXPECT_THAT(Check().warnings, ElementsAre(HasSubstr("models.answer.timeout (30s) is not below")));
}

TEST_F(NodeCheckTest, WarnsOfAnApiKeyThatMayTakeAllConnections) {
  config_.gateway.listen = "127.0.0.1:8480";
  config_.gateway.api_keys_file = folder_ / "gateway.keys";
  config_.gateway.connections = 64;
  const std::string one = Sha256("one").Hex(), two = Sha256("two").Hex();
  ASSERT_TRUE(CreateFile(config_.gateway.api_keys_file, one + "\n").ok());
  EXPECT_THAT(Check().warnings, IsEmpty()) << "there is no other key to keep out";
  ASSERT_TRUE(ReplaceFile(config_.gateway.api_keys_file, one + "\n" + two + "\n").ok());
  EXPECT_THAT(Check().warnings, ElementsAre(HasSubstr("one API key may take all 64 connections")));
  config_.gateway.limits.requests_at_once = 63;
  EXPECT_THAT(Check().warnings, IsEmpty());
  ASSERT_TRUE(ReplaceFile(config_.gateway.api_keys_file, one + " requests_at_once=0\n" + two).ok());
  EXPECT_THAT(Check().warnings, ElementsAre(HasSubstr("one API key may take all")));
}

TEST_F(NodeCheckTest, WarnsOfAKeyThatNeedsATerminal) {
  ASSERT_TRUE(ChangePassphrase(config_.identity_key, "", "secret").ok());
  EXPECT_THAT(Check().warnings, ElementsAre(HasSubstr("passphrase_file is not set")));
}

}  // namespace
}  // namespace decentd
