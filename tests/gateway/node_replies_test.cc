// What the gateway says of its node and of those around it.
#include "node/gateway/node_replies.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/api/fake_council.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

// A quorum of three nodes is two, and a round takes n - f of them: all three.
TEST(NodeReplies, ANodeIsReadyWhileAsManyAreReachableAsARoundTakes) {
  const testing::TestCluster cluster(3);
  const Roster& roster = cluster.roster();
  ASSERT_EQ(roster.quorum(), 2);
  FakeCouncil council;
  const auto look = [&](int reachable) {
    council.SetReachable(reachable, roster.n(), roster.f(), roster.quorum());
    StatusCache status(council, [] { return std::vector<PeerInfo>(); });
    const auto nodes = nlohmann::json::parse(NodesReply(status, roster).body);
    EXPECT_EQ(nodes["node"]["needed"], 3);
    return ReadyReply(status, /*tell=*/true);
  };
  EXPECT_EQ(look(3).status, 200);
  const HttpReply refused = look(2);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("2 of 3 nodes reachable, 3 needed"));
}

}  // namespace
}  // namespace decentd
