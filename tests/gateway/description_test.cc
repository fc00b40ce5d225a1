// The OpenAPI description against the routes; tests/e2e holds the answers against it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "crypto/ed25519_signer.h"
#include "node/gateway/gateway.h"
#include "node/gateway/static_files.h"
#include "tests/api/fake_council.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

TEST(ApiDescription, HasEveryRouteAndNoOther) {
  const testing::TestCluster cluster(4);
  FakeCouncil council;
  GatewayOptions options;
  options.listen = "127.0.0.1:0";
  auto gateway = Gateway::Start(
      options, std::shared_ptr<const Signer>(testing::TestSigner(1, 200)),
      GatewayNode{council, [](const Envelope&) { return absl::InternalError("not asked"); },
                  [&] { return cluster.roster(); }, [] { return std::vector<PeerInfo>(); },
                  [] { return std::string(); },
                  [](const std::string&, const std::string&, int) {}});
  ASSERT_TRUE(gateway.ok()) << gateway.status();
  std::set<std::string> served, described;
  for (const std::string& route : (*gateway)->routes()) {
    // Pages are for browsers.
    if (route != "GET /" && !route.starts_with("GET /dashboard/")) served.insert(route);
  }
  const auto document = nlohmann::json::parse(ApiDescription().body);
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      described.insert(absl::AsciiStrToUpper(method) + " " + path);
    }
  }
  EXPECT_EQ(described, served);
}

TEST(StaticFiles, HaveAStrictPolicyAndATypeEach) {
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (file.path == "openapi.json") continue;
    const HttpReply reply = StaticFile(file.path);
    EXPECT_EQ(reply.status, 200) << file.path;
    EXPECT_EQ(reply.body, file.content);
    EXPECT_NE(reply.content_type, "application/octet-stream") << file.path;
    ASSERT_FALSE(reply.headers.empty());
    EXPECT_EQ(reply.headers[0].first, "Content-Security-Policy");
    EXPECT_EQ(reply.headers[0].second.find("unsafe"), std::string::npos);
  }
  for (const char* path : {"../gateway.key", "openapi.json", "no.js", "/index.html"}) {
    EXPECT_EQ(StaticFile(path).status, 404) << path;
  }
}

}  // namespace
}  // namespace decentd
