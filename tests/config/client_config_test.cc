#include "node/config/client_config.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/files.h"
#include "node/config/text.h"
#include "tests/config/temporary_folder.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Environment With(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

TEST(ClientConfigFile, IsWrittenAsItIsRead) {
  ClientConfig config;
  config.nodes = {"a.example.org:8400", "[::1]:8400"};
  config.roster = "/x/roster.yaml";
  config.key = "client.key";
  config.passphrase_file = "/x/pass";
  config.tls = true;
  config.tls_authority = "/x/ca.pem";
  const auto loaded = ParseClientConfig(RenderClientConfig(config), "/home/me/client.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.nodes, config.nodes);
  EXPECT_EQ(loaded->config.roster, config.roster);
  EXPECT_EQ(loaded->config.key, "/home/me/client.key");
  EXPECT_EQ(loaded->config.passphrase_file, config.passphrase_file);
  EXPECT_TRUE(loaded->config.tls);
  EXPECT_EQ(loaded->config.tls_authority, config.tls_authority);
}

TEST(ClientConfigFile, NamesWhatIsWrong) {
  const auto error = [](std::string_view text) {
    return MessageOf(ParseClientConfig(text, "client.yaml").status());
  };
  EXPECT_THAT(error("key: k\n"), HasSubstr("'nodes' is missing"));
  EXPECT_THAT(error("nodes: [a:1, b]\nkey: k\n"),
              HasSubstr("client.yaml:1:14: nodes: 'b' is not an address"));
  EXPECT_THAT(error("nodes: [a:1]\nkey: k\nrooster: r\n"), HasSubstr("did you mean 'roster'?"));
  EXPECT_THAT(error("nodes: [a:1]\nkey: k\ntls_authority: r\n"), HasSubstr("without tls: true"));
}

TEST(ClientConfigFile, IsLookedForInTheDocumentedOrder) {
  TemporaryFolder home;
  const Environment bare = With({{"HOME", home.path()}});
  EXPECT_EQ(*FindClientConfig("given.yaml", With({{"DECENTD_CLIENT_CONFIG", "x"}})), "given.yaml");
  EXPECT_EQ(*FindClientConfig("", With({{"DECENTD_CLIENT_CONFIG", "x.yaml"}})), "x.yaml");
  EXPECT_THAT(MessageOf(FindClientConfig("", bare).status()),
              AllOf(HasSubstr("DECENTD_CLIENT_CONFIG"), HasSubstr("/.config/decentd/client.yaml"),
                    HasSubstr("decentctl client init")));
  std::filesystem::create_directories(home / ".config/decentd");
  ASSERT_TRUE(CreateFile(home / ".config/decentd/client.yaml", "x").ok());
  EXPECT_EQ(*FindClientConfig("", bare), home / ".config/decentd/client.yaml");
  EXPECT_EQ(UserConfigDirectory(With({{"XDG_CONFIG_HOME", "/c"}})), "/c/decentd");
}

}  // namespace
}  // namespace decentd
