#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "tests/decentctl/online_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ProofCommandsTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    bytes_ = EncodeBundle(testing::BundleMaker(cluster).Make());
    Write(bytes_);
  }
  void Write(const std::string& bytes) {
    std::ofstream(Path("round.bundle"), std::ios::binary) << bytes;
  }
  // Without a client.yaml that the machine may have.
  ExitCode Offline(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", Path("bare.yaml")});
    ClientConfig bare;
    bare.nodes = {"127.0.0.1:1"};
    std::ofstream(Path("bare.yaml")) << RenderClientConfig(bare);
    return Run(std::move(arguments));
  }
  std::string bytes_;
};

TEST_F(ProofCommandsTest, VerifyPrintsEveryCheckThatItMade) {
  EXPECT_EQ(Offline({"verify", Path("round.bundle"), "--roster", Path("roster.yaml")}),
            ExitCode::kOk)
      << err;
  for (const char* check :
       {"encoding", "roster", "query_signature", "proposals", "certificates", "answer_set",
        "sheet_set", "sheets", "decisions", "verdict", "aggregate"}) {
    EXPECT_THAT(out, HasSubstr(std::string("  ok  ") + check + ": "));
  }
  EXPECT_THAT(out, HasSubstr("verified here under your roster"));
}

TEST_F(ProofCommandsTest, AnyChangedByteFailsWithANamedCheck) {
  for (size_t i = 0; i < bytes_.size(); i += bytes_.size() / 23) {
    std::string changed = bytes_;
    changed[i] ^= 1;
    Write(changed);
    EXPECT_EQ(Offline({"verify", Path("round.bundle"), "--roster", Path("roster.yaml"), "--json"}),
              ExitCode::kProofInvalid)
        << "byte " << i;
    const auto json = nlohmann::json::parse(out);
    EXPECT_EQ(json["valid"], false);
    EXPECT_NE(json["failed_check"], "");
  }
}

TEST_F(ProofCommandsTest, WithoutARosterItIsConsistentButNotAuthenticated) {
  EXPECT_EQ(Offline({"verify", Path("round.bundle")}), ExitCode::kNotAuthenticated);
  EXPECT_THAT(out, HasSubstr("consistent in itself under the roster of epoch 1, cluster_id " +
                             cluster.roster().cluster_id().Hex() + ", not authenticated"));
  EXPECT_THAT(out, Not(HasSubstr("verified")));
}

TEST_F(ProofCommandsTest, AnotherRosterDoesNotVouchForIt) {
  std::ofstream(Path("other.yaml")) << RenderRoster(AddressedCluster(4, 9).roster());
  EXPECT_EQ(Offline({"verify", Path("round.bundle"), "--roster", Path("other.yaml")}),
            ExitCode::kProofInvalid);
  EXPECT_THAT(err, HasSubstr("roster: "));
}

TEST_F(ProofCommandsTest, MissingFilesAreNamed) {
  EXPECT_EQ(Offline({"verify", Path("nowhere")}), ExitCode::kError);
  EXPECT_THAT(err, HasSubstr(Path("nowhere")));
  EXPECT_EQ(Offline({"verify", Path("round.bundle"), "--roster", Path("nowhere")}),
            ExitCode::kConfiguration);
}

TEST_F(ProofCommandsTest, ReplayShowsBothRankings) {
  EXPECT_EQ(Offline({"replay", Path("round.bundle"), "--rule", "median_of_totals", "--roster",
                     Path("roster.yaml")}),
            ExitCode::kOk)
      << err;
  EXPECT_THAT(out, HasSubstr("Decided by geometric_median, replayed with median_of_totals"));
  EXPECT_THAT(out, HasSubstr("The winner is the same: node-3"));
  EXPECT_EQ(Offline({"replay", Path("round.bundle"), "--rule", "krum", "--json"}),
            ExitCode::kNotAuthenticated);
  EXPECT_EQ(nlohmann::json::parse(out)["answers"].size(), 4u);
}

TEST_F(ProofCommandsTest, ReplayNamesTheRulesThereAre) {
  EXPECT_EQ(Offline({"replay", Path("round.bundle"), "--rule", "best"}), ExitCode::kUsage);
  EXPECT_THAT(err, HasSubstr("geometric_median, centred_geometric_median"));
}

}  // namespace
}  // namespace decentd
