#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "node/config/files.h"
#include "node/config/roster_file.h"
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

class RosterCommandTest : public ::testing::Test {
 protected:
  std::string Card(const std::string& name, const std::string& address = "") {
    const CommandResult result =
        RunDecentctl({"init", "--dir", folder_ / (name + std::to_string(count_++)), "--name", name,
                      "--address", address.empty() ? name + ".example.org:7400" : address});
    EXPECT_EQ(result.exit_code, kOk) << result.err;
    return result.out.substr(0, result.out.find('\n'));
  }
  CommandResult Create(const std::vector<std::string>& cards) {
    std::vector<std::string> words = {"roster", "create", "--out", path_};
    words.insert(words.end(), cards.begin(), cards.end());
    return RunDecentctl(words);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "roster.yaml";
  int count_ = 0;
};

TEST_F(RosterCommandTest, TheSameCardsMakeTheSameClusterInAnyOrder) {
  const std::string a = Card("alice"), b = Card("bob"), c = Card("carol"), d = Card("dave");
  const CommandResult result = Create({d, b, a, c});
  ASSERT_EQ(result.exit_code, kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4 nodes: survives 1 that lies or is down"));
  const Digest id = LoadRoster(path_)->cluster_id();
  ASSERT_TRUE(CreateFile(folder_ / "cards", "# all\n" + a + "\n" + b + "\n" + c + "\n" + d).ok());
  ASSERT_EQ(RunDecentctl(
                {"roster", "create", "--out", folder_ / "again.yaml", "--cards", folder_ / "cards"})
                .exit_code,
            kOk);
  EXPECT_EQ(LoadRoster(folder_ / "again.yaml")->cluster_id(), id);
}

TEST_F(RosterCommandTest, CreateNeverOverwrites) {
  const std::string card = Card("alice");
  ASSERT_EQ(Create({card}).exit_code, kOk);
  const std::string before = *ReadTextFile(path_);
  const CommandResult again = Create({card});
  EXPECT_EQ(again.exit_code, kError);
  EXPECT_THAT(again.err, HasSubstr("decentctl roster add"));
  EXPECT_EQ(*ReadTextFile(path_), before);
}

TEST_F(RosterCommandTest, ADamagedCardIsNamedByItsPosition) {
  const std::string card = Card("alice");
  const CommandResult cut = Create({card, card.substr(0, card.size() - 20)});
  EXPECT_EQ(cut.exit_code, kConfiguration);
  EXPECT_THAT(cut.err, AllOf(StartsWith("decentctl: error: card: "), HasSubstr("card number 2")));
  EXPECT_FALSE(LoadRoster(path_).ok());
  EXPECT_THAT(Create({}).err, HasSubstr("no card was given"));
}

TEST_F(RosterCommandTest, NodesShareNeitherNamesNorKeysNorAddresses) {
  const std::string alice = Card("alice");
  EXPECT_THAT(Create({alice, Card("alice")}).err, HasSubstr("two nodes have the name alice"));
  EXPECT_THAT(Create({alice, alice}).err, HasSubstr("two nodes"));
  EXPECT_THAT(Create({alice, Card("bob", "alice.example.org:7400")}).err,
              HasSubstr("have the same address"));
}

TEST_F(RosterCommandTest, AddAndRemoveRaiseTheEpochAndKeepTheParameters) {
  ASSERT_EQ(Create({Card("alice"), Card("bob")}).exit_code, kOk);
  std::string text = *ReadTextFile(path_);
  const std::string from = "absent_after: 2s";
  text.replace(text.find(from), from.size(), "absent_after: 7s");
  ASSERT_TRUE(ReplaceFile(path_, text).ok());
  ASSERT_EQ(RunDecentctl({"roster", "add", "--roster", path_, Card("carol")}).exit_code, kOk);
  EXPECT_EQ(LoadRoster(path_)->epoch(), 2u);
  EXPECT_EQ(LoadRoster(path_)->n(), 3);
  const CommandResult removed =
      RunDecentctl({"roster", "remove", "--roster", path_, "alice", "carol"});
  ASSERT_EQ(removed.exit_code, kOk) << removed.err;
  EXPECT_THAT(removed.out, HasSubstr("warning: with 1 node the council survives none"));
  const absl::StatusOr<Roster> roster = LoadRoster(path_);
  EXPECT_EQ(roster->epoch(), 3u);
  ASSERT_EQ(roster->n(), 1);
  EXPECT_EQ(roster->nodes()[0].name, "bob");
  EXPECT_EQ(roster->parameters().absent_after_ms, 7'000u);
}

TEST_F(RosterCommandTest, AChangeThatCannotBeLeavesTheFile) {
  ASSERT_EQ(Create({Card("alice")}).exit_code, kOk);
  const std::string before = *ReadTextFile(path_);
  const CommandResult unknown = RunDecentctl({"roster", "remove", "--roster", path_, "bob"});
  EXPECT_EQ(unknown.exit_code, kConfiguration);
  EXPECT_THAT(unknown.err, HasSubstr("its nodes are alice"));
  const CommandResult last = RunDecentctl({"roster", "remove", "--roster", path_, "alice"});
  EXPECT_EQ(last.exit_code, kConfiguration);
  EXPECT_THAT(last.err, HasSubstr("no nodes"));
  EXPECT_EQ(*ReadTextFile(path_), before);
  EXPECT_EQ(RunDecentctl({"roster", "remove", "--roster", path_}).exit_code, kUsage);
}

TEST_F(RosterCommandTest, ShowSpeaksWordsAndJson) {
  ASSERT_EQ(Create({Card("alice")}).exit_code, kOk);
  EXPECT_THAT(RunDecentctl({"roster", "show", "--roster", path_}).out, HasSubstr("survives none"));
  const CommandResult json = RunDecentctl({"roster", "show", "--roster", path_, "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["cluster_id"], LoadRoster(path_)->cluster_id().Hex());
  ASSERT_TRUE(ReplaceFile(path_, "version: 1\nepoc: 2\n").ok());
  const CommandResult broken = RunDecentctl({"roster", "show", "--roster", path_});
  EXPECT_EQ(broken.exit_code, kConfiguration);
  EXPECT_THAT(broken.err, HasSubstr(path_ + ":2:1: unknown key 'epoc'; did you mean 'epoch'?"));
}

}  // namespace
}  // namespace decentd
