#include <gtest/gtest.h>

#include <string>

#include "node/config/files.h"
#include "node/config/node_config.h"
#include "tests/config/temporary_folder.h"

namespace decentd {
namespace {

absl::StatusOr<LoadedNodeConfig> Parse(const std::string& gateway) {
  return ParseNodeConfig(
      "name: a\nidentity_key: k\ndata_directory: d\nroster: r\npeers: {listen: 127.0.0.1:1}\n" +
          gateway,
      "node.yaml");
}

TEST(GatewayConfig, IsOffUnlessConfigured) {
  const auto loaded = Parse("");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.gateway.listen, "");
}

TEST(GatewayConfig, AnOpenAddressNeedsKeysAndAWordOnTls) {
  EXPECT_TRUE(Parse("gateway: {listen: 127.0.0.1:8480}").ok());
  EXPECT_NE(Parse("gateway: {listen: 0.0.0.0:8480}").status().message().find("api_keys"),
            absl::string_view::npos);
  EXPECT_NE(Parse("gateway: {listen: 0.0.0.0:8480, api_keys: f}").status().message().find("TLS"),
            absl::string_view::npos);
  EXPECT_TRUE(Parse("gateway: {listen: 0.0.0.0:8480, api_keys: f, insecure: true}").ok());
}

TEST(GatewayConfig, ApiKeysAreDigestsAndNeverQuoted) {
  const TemporaryFolder folder;
  const std::string hex = Sha256("key").Hex();
  ASSERT_TRUE(CreateFile(folder / "good", "# one\n\n" + hex + "  # of ours\n").ok());
  const auto good = ReadApiKeyDigests(folder / "good");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(*good, std::vector<Digest>{Sha256("key")});
  ASSERT_TRUE(CreateFile(folder / "plain", hex + "\nmy-secret-key\n").ok());
  const std::string message(ReadApiKeyDigests(folder / "plain").status().message());
  EXPECT_NE(message.find("plain:2"), std::string::npos) << message;
  EXPECT_EQ(message.find("my-secret-key"), std::string::npos) << message;
  ASSERT_TRUE(CreateFile(folder / "empty", "# none\n").ok());
  EXPECT_FALSE(ReadApiKeyDigests(folder / "empty").ok());
  EXPECT_FALSE(ReadApiKeyDigests(folder / "absent").ok());
}

}  // namespace
}  // namespace decentd
