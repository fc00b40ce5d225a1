// The operator's way to a running node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "node/control/control_client.h"
#include "node/control/control_server.h"
#include "node/control/socket_path.h"
#include "tests/contract/temp_directory.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

class ControlTest : public ::testing::Test {
 protected:
  void Start() {
    ControlActions actions;
    actions.health = [this]() -> absl::StatusOr<NodeHealth> { return health_; };
    actions.set_log_level = [this](const std::string& level) -> absl::StatusOr<std::string> {
      if (level == "loud") return absl::InvalidArgumentError("there is no log level 'loud'");
      return std::exchange(level_, level);
    };
    actions.backup = [this](const std::string& directory) -> absl::StatusOr<uint64_t> {
      backup_ = directory;
      return 42;
    };
    actions.compact = []() -> absl::StatusOr<std::pair<uint64_t, uint64_t>> {
      return std::pair(10u, 5u);
    };
    actions.adopt_roster = [](const std::string& text) -> absl::StatusOr<NodeRoster> {
      if (text.empty()) return absl::FailedPreconditionError("it is not newer");
      return NodeRoster{text, 2, "active", 5, 4, {"alice", "bob"}, 0};
    };
    actions.retire_roster = [](bool now, bool anyway) -> absl::StatusOr<NodeRoster> {
      return NodeRoster{"ab", 1, now ? "retired" : "closing", 4, 3, {}, anyway ? 1u : 2u};
    };
    auto server = ControlServer::Start(directory_.path(), std::move(actions));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ControlClient Client() { return *ControlClient::For(directory_.path()); }

  TempDirectory directory_;
  NodeHealth health_{"alice", "1.2", false, "its disk is full", 4, 2, 3, -250};
  std::string level_ = "info", backup_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlTest, ARosterIsAdoptedAndRetired) {
  Start();
  const auto adopted = Client().AdoptRoster("the roster");
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_EQ(adopted->cluster_id, "the roster");
  EXPECT_EQ(adopted->epoch, 2u);
  EXPECT_EQ(adopted->nodes, 5u);
  EXPECT_EQ(adopted->quorum, 4u);
  EXPECT_EQ(adopted->reached, (std::vector<std::string>{"alice", "bob"}));
  EXPECT_TRUE(absl::IsFailedPrecondition(Client().AdoptRoster("").status()));
  EXPECT_EQ(Client().RetireRoster(false, false)->state, "closing");
  EXPECT_EQ(Client().RetireRoster(false, false)->rounds_open, 2u);
  EXPECT_EQ(Client().RetireRoster(true, true)->state, "retired");
  EXPECT_EQ(Client().RetireRoster(true, true)->rounds_open, 1u);
}

TEST_F(ControlTest, TellsTheNodesHealth) {
  Start();
  const auto health = Client().Health();
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->name, "alice");
  EXPECT_EQ(health->version, "1.2");
  EXPECT_FALSE(health->voting);
  EXPECT_EQ(health->not_voting_because, "its disk is full");
  EXPECT_EQ(health->nodes, 4u);
  EXPECT_EQ(health->reachable, 2u);
  EXPECT_EQ(health->clock_offset_ms, -250);
  EXPECT_EQ(health->needed, 3u);
}

TEST_F(ControlTest, PassesOnWhatTheOperatorWantsAndWhatCameOfIt) {
  Start();
  const ControlClient client = Client();
  EXPECT_EQ(*client.SetLogLevel("debug"), "info");
  EXPECT_EQ(level_, "debug");
  const auto refused = client.SetLogLevel("loud");
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(refused.status().message(), HasSubstr("'loud'"));
  EXPECT_EQ(*client.Compact(), std::pair(uint64_t{10}, uint64_t{5}));
}

// The node has another working directory than who asks.
TEST_F(ControlTest, TheDirectoryOfABackupIsMadeAbsolute) {
  Start();
  EXPECT_EQ(*Client().Backup("some/../copy"), 42u);
  char working[4096];
  ASSERT_NE(getcwd(working, sizeof working), nullptr);
  EXPECT_EQ(backup_, std::string(working) + "/copy");
}

TEST_F(ControlTest, OnlyTheNodesOwnUserMayOpenTheSocket) {
  Start();
  struct stat socket {};
  ASSERT_EQ(stat(ControlSocket(directory_.path())->c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777, 0600u);
}

TEST_F(ControlTest, WithoutANodeItSaysSo) {
  const auto health = Client().Health();
  EXPECT_TRUE(absl::IsUnavailable(health.status()));
  EXPECT_THAT(health.status().message(), HasSubstr("no node runs with the data directory"));
  Start();
  ASSERT_TRUE(Client().Health().ok());
  server_.reset();
  EXPECT_NE(access(ControlSocket(directory_.path())->c_str(), F_OK), 0) << "taken away at the end";
}

// What a killed node left.
TEST_F(ControlTest, ASocketThatNobodyServesIsReplaced) {
  const std::string path = *ControlSocket(directory_.path());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(fd);
  const auto dead = Client().Health();
  EXPECT_TRUE(absl::IsUnavailable(dead.status())) << dead.status();
  EXPECT_THAT(dead.status().message(), HasSubstr("does not answer"));
  Start();
  EXPECT_TRUE(Client().Health().ok());
}

TEST_F(ControlTest, APathTooLongForASocketIsRefusedWithTheWayOut) {
  const auto path = ControlSocket(std::string(200, 'd'));
  EXPECT_TRUE(absl::IsInvalidArgument(path.status()));
  EXPECT_THAT(path.status().message(), HasSubstr("shorter path"));
}

}  // namespace
}  // namespace decentd
