#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "crypto/keyfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/card.h"
#include "node/config/client_config.h"
#include "node/config/files.h"
#include "node/config/node_config.h"
#include "node/config/text.h"
#include "tests/config/temporary_folder.h"
#include "tests/decentctl/run_decentctl.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kOk = static_cast<int>(ExitCode::kOk);
constexpr int kError = static_cast<int>(ExitCode::kError);
constexpr int kUsage = static_cast<int>(ExitCode::kUsage);
constexpr int kConfiguration = static_cast<int>(ExitCode::kConfiguration);

int ModeOf(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 0777) : -1;
}

class InitTest : public ::testing::Test {
 protected:
  CommandResult Init(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"init",  "--dir",     folder_ / "alice",   "--name",
                                      "alice", "--address", "a.example.org:7400"};
    words.insert(words.end(), more.begin(), more.end());
    return RunDecentctl(words);
  }
  bool NothingMade() const { return !std::filesystem::exists(folder_ / "alice"); }

  TemporaryFolder folder_;
};

TEST_F(InitTest, MakesAKeyAConfigurationAndACardThatFitTogether) {
  const CommandResult result = Init(
      {"--address", "[::1]:7400", "--owner", "Acme Ltd", "--family", "qwen", "--roles", "worker"});
  ASSERT_EQ(result.exit_code, kOk) << result.err;
  const absl::StatusOr<RosterNode> card = ParseCard(result.out);
  ASSERT_TRUE(card.ok()) << card.status();
  EXPECT_EQ(card->addresses, (std::vector<std::string>{"a.example.org:7400", "[::1]:7400"}));
  EXPECT_EQ(card->owner, "Acme Ltd");
  EXPECT_TRUE(card->worker);
  EXPECT_FALSE(card->evaluator);
  EXPECT_EQ(ReadKeyFileInfo(folder_ / "alice/identity.key")->public_key, card->key);
  const auto config = LoadNodeConfig(folder_ / "alice/node.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->config.peers_listen, "0.0.0.0:7400");
  EXPECT_EQ(config->config.clients.listen, "127.0.0.1:8400");
  EXPECT_FALSE(config->config.judge_model.has_value());
  EXPECT_THAT(result.err, HasSubstr("Next:"));
}

TEST_F(InitTest, TheKeyIsForItsOwnerOnly) {
  ASSERT_EQ(Init().exit_code, kOk);
  EXPECT_EQ(ModeOf(folder_ / "alice/identity.key"), 0600);
  EXPECT_EQ(ModeOf(folder_ / "alice"), 0700);
}

TEST_F(InitTest, TheDatabaseMayLieElsewhere) {
  ASSERT_EQ(Init({"--data", "/var/lib/decentd"}).exit_code, kOk);
  EXPECT_EQ(LoadNodeConfig(folder_ / "alice/node.yaml")->config.data_directory, "/var/lib/decentd");
  std::filesystem::remove_all(folder_ / "alice");
  ASSERT_EQ(Init({"--data", "with: a colon"}).exit_code, kOk);
  EXPECT_EQ(LoadNodeConfig(folder_ / "alice/node.yaml")->config.data_directory,
            folder_ / "alice/with: a colon");
  std::filesystem::remove_all(folder_ / "alice");
  ASSERT_EQ(Init().exit_code, kOk);
  EXPECT_EQ(LoadNodeConfig(folder_ / "alice/node.yaml")->config.data_directory,
            folder_ / "alice/data");
}

TEST_F(InitTest, RefusesToOverwriteAnything) {
  ASSERT_EQ(Init().exit_code, kOk);
  for (const char* kept : {"identity.key", "node.yaml", "node.card"}) {
    for (const char* name : {"identity.key", "node.yaml", "node.card"}) {
      if (std::string(name) != kept) std::filesystem::remove(folder_ / "alice/" + name);
    }
    const std::string before = *ReadTextFile(folder_ / ("alice/" + std::string(kept)));
    const CommandResult again = Init();
    EXPECT_EQ(again.exit_code, kError);
    EXPECT_THAT(again.err, AllOf(StartsWith("decentctl: error: "), HasSubstr(kept),
                                 HasSubstr("exists already")));
    EXPECT_EQ(*ReadTextFile(folder_ / ("alice/" + std::string(kept))), before);
    std::filesystem::remove_all(folder_ / "alice");
    ASSERT_EQ(Init().exit_code, kOk);
  }
}

TEST_F(InitTest, AnErrorLeavesNothingBehind) {
  const CommandResult bad_name =
      RunDecentctl({"init", "--dir", folder_ / "alice", "--name", "Al ice", "--address", "a:1"});
  EXPECT_EQ(bad_name.exit_code, kUsage);
  EXPECT_THAT(bad_name.err, HasSubstr("a-z"));
  EXPECT_EQ(Init({"--address", "nowhere"}).exit_code, kUsage);
  EXPECT_EQ(Init({"--roles", "judge"}).exit_code, kUsage);
  EXPECT_EQ(Init({"--listen", "here"}).exit_code, kUsage);
  EXPECT_EQ(Init({"--passphrase-file", folder_ / "absent"}).exit_code, kConfiguration);
  EXPECT_TRUE(NothingMade());
  // The card cannot be written where a dangling link stands: the key must not stay either.
  std::filesystem::create_directory(folder_ / "alice");
  ASSERT_EQ(symlink("/absent/target", (folder_ / "alice/node.card").c_str()), 0);
  EXPECT_NE(Init().exit_code, kOk);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "alice/identity.key"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "alice/node.yaml"));
}

TEST_F(InitTest, AnExposedClientAddressWaitsForTls) {
  const CommandResult result = Init({"--client-listen", "0.0.0.0:8400"});
  EXPECT_EQ(result.exit_code, kUsage);
  EXPECT_THAT(result.err, HasSubstr("needs TLS"));
}

TEST_F(InitTest, TheGatewayIsServedWhereAskedFor) {
  const CommandResult result = Init({"--gateway", "0.0.0.0:8480"});
  EXPECT_EQ(result.exit_code, kUsage);
  EXPECT_THAT(result.err, HasSubstr("API keys"));
  EXPECT_EQ(Init({"--gateway", "127.0.0.1:8480"}).exit_code, kOk);
  const auto loaded = LoadNodeConfig(folder_ / "alice/node.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.gateway.listen, "127.0.0.1:8480");
}

TEST_F(InitTest, EncryptsTheKeyWithAPassphraseFromAFile) {
  ASSERT_TRUE(CreateFile(folder_ / "pass", "correct horse\n", 0600).ok());
  ASSERT_EQ(Init({"--passphrase-file", folder_ / "pass"}).exit_code, kOk);
  EXPECT_TRUE(ReadKeyFileInfo(folder_ / "alice/identity.key")->encrypted);
  EXPECT_TRUE(LoadKeyFile(folder_ / "alice/identity.key", "correct horse").ok());
}

TEST_F(InitTest, APassphraseIsAskedForAtATerminalOnly) {
  const CommandResult result = Init({"--passphrase"});
  EXPECT_EQ(result.exit_code, kConfiguration);
  EXPECT_THAT(result.err, HasSubstr("--passphrase-file"));
  EXPECT_TRUE(NothingMade());
}

TEST_F(InitTest, TheCardIsPrintedAgainAsItWas) {
  const std::string card = Init().out;
  const CommandResult again = RunDecentctl({"card", "--dir", folder_ / "alice"});
  EXPECT_EQ(again.exit_code, kOk) << again.err;
  EXPECT_EQ(again.out, card);
  EXPECT_EQ(RunDecentctl({"card", "--dir", folder_ / "bob"}).exit_code, kConfiguration);
}

TEST_F(InitTest, ACardOfAnotherKeyIsNotPrinted) {
  ASSERT_EQ(Init().exit_code, kOk);
  ASSERT_EQ(RunDecentctl({"init", "--dir", folder_ / "bob", "--name", "bob", "--address", "b:1"})
                .exit_code,
            kOk);
  std::filesystem::copy(folder_ / "bob/node.card", folder_ / "alice/node.card",
                        std::filesystem::copy_options::overwrite_existing);
  const CommandResult result = RunDecentctl({"card", "--dir", folder_ / "alice"});
  EXPECT_EQ(result.exit_code, kConfiguration);
  EXPECT_THAT(result.err, HasSubstr("is not the card of"));
}

TEST_F(InitTest, AClientsKeyAndConfigurationAreMadeOnce) {
  const std::vector<std::string> words = {"client", "init", "--node", "a.example.org:8400"};
  const std::map<std::string, std::string> home = {{"HOME", folder_.path()}};
  const CommandResult result = RunDecentctl(words, home);
  ASSERT_EQ(result.exit_code, kOk) << result.err;
  const std::string directory = folder_ / ".config/decentd/";
  EXPECT_EQ(result.out, ReadKeyFileInfo(directory + "client.key")->public_key.Hex() + "\n");
  EXPECT_EQ(ModeOf(directory + "client.key"), 0600);
  const auto config = LoadClientConfig(directory + "client.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->config.nodes, (std::vector<std::string>{"a.example.org:8400"}));
  EXPECT_EQ(config->config.key, directory + "client.key");
  EXPECT_THAT(result.err, HasSubstr("without a roster"));
  EXPECT_EQ(RunDecentctl(words, home).exit_code, kError);
  EXPECT_EQ(RunDecentctl(words).exit_code, kConfiguration);  // no home, no --dir
}

TEST_F(InitTest, APassphraseIsSetAndRemoved) {
  ASSERT_EQ(Init().exit_code, kOk);
  const std::string key = folder_ / "alice/identity.key";
  ASSERT_TRUE(CreateFile(folder_ / "pass", "one\n", 0600).ok());
  ASSERT_TRUE(CreateFile(folder_ / "wrong", "two\n", 0600).ok());
  const PublicKey before = ReadKeyFileInfo(key)->public_key;
  ASSERT_EQ(
      RunDecentctl({"key", "passphrase", key, "--new-passphrase-file", folder_ / "pass"}).exit_code,
      kOk);
  EXPECT_TRUE(ReadKeyFileInfo(key)->encrypted);
  EXPECT_EQ(RunDecentctl(
                {"key", "passphrase", key, "--remove", "--old-passphrase-file", folder_ / "wrong"})
                .exit_code,
            kConfiguration);
  ASSERT_EQ(RunDecentctl(
                {"key", "passphrase", key, "--remove", "--old-passphrase-file", folder_ / "pass"})
                .exit_code,
            kOk);
  EXPECT_FALSE(ReadKeyFileInfo(key)->encrypted);
  EXPECT_EQ(ReadKeyFileInfo(key)->public_key, before);
  EXPECT_EQ(RunDecentctl({"key", "show", key}).out, before.Hex() + "\n");
}

}  // namespace
}  // namespace decentd
