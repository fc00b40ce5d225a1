#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

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

absl::StatusOr<std::vector<GatewayApiKey>> FromFile(const std::string& path) {
  GatewayConfig gateway;
  gateway.api_keys_file = path;
  gateway.limits.rounds_in_flight = 3;
  return GatewayApiKeys(gateway, [](const std::string&) { return std::nullopt; });
}

TEST(GatewayConfig, ApiKeysAreDigestsAndNeverQuoted) {
  const TemporaryFolder folder;
  const std::string hex = Sha256("key").Hex();
  ASSERT_TRUE(CreateFile(folder / "good", "# one\n\n" + hex + "  # of ours\n").ok());
  const auto good = FromFile(folder / "good");
  ASSERT_TRUE(good.ok()) << good.status();
  ASSERT_EQ(good->size(), 1u);
  EXPECT_EQ(good->front().digest, Sha256("key"));
  ASSERT_TRUE(CreateFile(folder / "plain", hex + "\nmy-secret-key\n").ok());
  const std::string message(FromFile(folder / "plain").status().message());
  EXPECT_NE(message.find("plain:2"), std::string::npos) << message;
  EXPECT_EQ(message.find("my-secret-key"), std::string::npos) << message;
  ASSERT_TRUE(CreateFile(folder / "empty", "# none\n").ok());
  EXPECT_FALSE(FromFile(folder / "empty").ok());
  EXPECT_FALSE(FromFile(folder / "absent").ok());
}

TEST(GatewayConfig, AKeyMayHaveLimitsOfItsOwn) {
  const TemporaryFolder folder;
  const std::string one = Sha256("one").Hex(), two = Sha256("two").Hex();
  ASSERT_TRUE(CreateFile(folder / "good", one + " requests_per_minute=6 body_bytes=2000 # small\n" +
                                              two + "\n")
                  .ok());
  const auto good = FromFile(folder / "good");
  ASSERT_TRUE(good.ok()) << good.status();
  ASSERT_EQ(good->size(), 2u);
  EXPECT_EQ(good->front().limits.requests_per_minute, 6u);
  EXPECT_EQ(good->front().limits.rounds_in_flight, 3u);  // as the section says for all
  EXPECT_EQ(good->front().limits.body_bytes, 2000u);
  EXPECT_EQ(good->front().limits.requests_at_once, KeyLimits{}.requests_at_once);
  EXPECT_EQ(good->back().limits.requests_per_minute, KeyLimits{}.requests_per_minute);
  for (const auto& [line, said] : std::vector<std::pair<std::string, std::string>>{
           {"requests_per_minute=6 " + one, "behind its key"},
           {one + "\nrequests_per_minute=6 ", ":2: requests_per_minute must stand behind its key"},
           {one + " requests_per_minute=6\n" + two + "\n" + one, ":3: this key stands here twice"},
           {one + " body_bytes=2000 body_bytes=3000", "body_bytes is given twice"},
           {one + " requests_per_minute=many", "a number from 0 to 1000000"},
           {one + " requests_per_minute=", "a number from 0"},
           {one + " body_bytes=1", "a number from 1024"},
           {one + " rounds_in_flight=-1", "a number from 0"},
           {one + " my-secret=key", "expected the SHA-256"}}) {
    const std::string name = folder / Sha256(line).Hex();
    ASSERT_TRUE(CreateFile(name, line).ok());
    const std::string message(FromFile(name).status().message());
    EXPECT_NE(message.find(said), std::string::npos) << message;
    EXPECT_EQ(message.find("my-secret"), std::string::npos) << message;
  }
}

TEST(GatewayConfig, ApiKeysMayStandInTheEnvironment) {
  GatewayConfig gateway;
  gateway.api_keys_env = "KEYS";
  const std::string value = Sha256("one").Hex() + "," + Sha256("two").Hex();
  const auto digests = GatewayApiKeys(gateway, [&](const std::string& name) {
    return name == "KEYS" ? std::optional(value) : std::nullopt;
  });
  ASSERT_TRUE(digests.ok()) << digests.status();
  ASSERT_EQ(digests->size(), 2u);
  EXPECT_EQ(digests->front().digest, Sha256("one"));
  EXPECT_EQ(digests->back().digest, Sha256("two"));
  const auto unset = GatewayApiKeys(gateway, [](const std::string&) { return std::nullopt; });
  EXPECT_NE(unset.status().message().find("KEYS"), absl::string_view::npos);
  EXPECT_FALSE(Parse("gateway: {listen: 127.0.0.1:1, api_keys: f, api_keys_env: K}").ok());
  EXPECT_TRUE(Parse("gateway: {listen: 0.0.0.0:1, api_keys_env: K, insecure: true}").ok());
}

}  // namespace
}  // namespace decentd
