// rounds, status, peers and evidence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "tests/decentctl/online_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RoundsCommandsTest : public OnlineTest {
 protected:
  std::string Ask(const std::string& question) {
    EXPECT_EQ(RunHere({"ask", question, "--json"}), ExitCode::kOk) << err;
    return nlohmann::json::parse(out)["round_id"];
  }
};

TEST_F(RoundsCommandsTest, LsListsNewestFirstWithinItsLimit) {
  Serve(1);
  Ask("one");
  const std::string two = Ask("two"), three = Ask("three");
  EXPECT_EQ(RunHere({"rounds", "ls", "--limit", "2", "--json"}), ExitCode::kOk);
  const auto json = nlohmann::json::parse(out);
  ASSERT_EQ(json["rounds"].size(), 2u);
  EXPECT_EQ(json["rounds"][0]["round_id"], three);
  EXPECT_EQ(json["rounds"][1]["round_id"], two);
  EXPECT_EQ(RunHere({"rounds", "ls"}), ExitCode::kOk);
  EXPECT_THAT(out, HasSubstr(two.substr(0, 12)));
  EXPECT_THAT(out, HasSubstr("1.5 s  node-3"));
}

TEST_F(RoundsCommandsTest, ShowTakesAPrefixAndChecksTheProof) {
  Serve(1);
  const std::string id = Ask("why?");
  EXPECT_EQ(RunHere({"rounds", "show", id.substr(0, 8)}), ExitCode::kOk) << err;
  EXPECT_THAT(out, HasSubstr("user: why?"));
  EXPECT_THAT(out, HasSubstr("verified here"));
  EXPECT_EQ(RunHere({"rounds", "show", "abc"}), ExitCode::kUsage);
  EXPECT_EQ(RunHere({"rounds", "show", std::string(64, '0')}), ExitCode::kNotFound);
}

TEST_F(RoundsCommandsTest, APrefixThatOnlyANodeThatDoesNotAnswerMayKnowIsNotSaidToBeUnknown) {
  Serve(2);
  EXPECT_EQ(RunHere({"rounds", "show", "abcd"}), ExitCode::kNotFound);
  servers[1].reset();
  EXPECT_EQ(RunHere({"rounds", "show", "abcd"}), ExitCode::kUnreachable);
  EXPECT_THAT(err, HasSubstr("no round whose id starts with abcd among those that were listed; "));
}

TEST_F(RoundsCommandsTest, WhatAQuestionHoldsCannotDriveTheTerminal) {
  Serve(1);
  const std::string id = Ask("\x1b[2J\x1b]0;title\x07 why?");
  EXPECT_EQ(RunHere({"rounds", "show", id}), ExitCode::kOk);
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(out, HasSubstr("␛[2J"));
  EXPECT_EQ(RunHere({"rounds", "ls"}), ExitCode::kOk);
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
}

TEST_F(RoundsCommandsTest, ShowOfARunningRoundSaysWhatItWaitsFor) {
  Serve(1);
  councils[0]->finishes = false;
  councils[0]->waiting_for = "the answers of node-2";
  RunHere({"ask", "why?", "--timeout", "100ms", "--id-file", Path("id")});
  EXPECT_EQ(RunHere({"rounds", "show", Read("id").substr(0, 64)}), ExitCode::kTimedOut);
  EXPECT_THAT(out, HasSubstr("the answers of node-2"));
  EXPECT_THAT(out, HasSubstr("one node's word"));
}

TEST_F(RoundsCommandsTest, ExportWritesAProofThatVerifies) {
  Serve(1);
  const std::string id = Ask("why?");
  EXPECT_EQ(RunHere({"rounds", "export", id, "--out", Path("a.bundle")}), ExitCode::kOk) << err;
  EXPECT_EQ(RunHere({"verify", Path("a.bundle")}), ExitCode::kOk) << err;
}

TEST_F(RoundsCommandsTest, StatusTellsOfEveryNodeAlsoOfTheDead) {
  Serve(2);
  const std::string dead = servers[1]->address();
  servers[1].reset();
  EXPECT_EQ(RunHere({"status", "--json"}), ExitCode::kOk);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["nodes"][0]["name"], "ada");
  EXPECT_EQ(json["nodes"][1]["reached"], false);
  EXPECT_THAT(err, HasSubstr(dead));
  EXPECT_EQ(RunHere({"status", "--node", dead}), ExitCode::kUnreachable);
}

TEST_F(RoundsCommandsTest, StatusSaysWhetherANodeVotesAndWhyNot) {
  Serve(1);
  EXPECT_EQ(RunHere({"status"}), ExitCode::kOk);
  EXPECT_THAT(out, HasSubstr("voting     yes\n"));
  councils[0]->SetNotVoting("cannot write to the database: no space left");
  EXPECT_EQ(RunHere({"status"}), ExitCode::kOk);
  EXPECT_THAT(out, HasSubstr("voting     no: cannot write to the database: no space left\n"));
}

TEST_F(RoundsCommandsTest, EvidenceIsListedAndExportedByPrefix) {
  StoredEvidence evidence;
  evidence.bytes = "two conflicting bodies";
  evidence.id = Sha256(evidence.bytes).Hex();
  evidence.author = NodeIndex{2};
  evidence.kind = "proposals";
  councils[0]->SetEvidence({evidence});
  Serve(1);
  EXPECT_EQ(RunHere({"evidence", "ls"}), ExitCode::kOk);
  EXPECT_THAT(out, HasSubstr("node-2"));
  EXPECT_EQ(RunHere({"evidence", "export", evidence.id.substr(0, 6), "--out", Path("lie")}),
            ExitCode::kOk)
      << err;
  EXPECT_EQ(Read("lie"), evidence.bytes);
  EXPECT_EQ(RunHere({"evidence", "export", "ffff", "--out", Path("no")}), ExitCode::kNotFound);
  evidence.bytes = "something else";
  councils[0]->SetEvidence({evidence});
  EXPECT_EQ(RunHere({"evidence", "export", evidence.id, "--out", Path("no")}), ExitCode::kError);
}

}  // namespace
}  // namespace decentd
