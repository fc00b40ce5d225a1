#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "node/proof/verify.h"
#include "tests/decentctl/online_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class AskTest : public OnlineTest {
 protected:
  void CorruptProofsOf(int node) {
    councils[static_cast<size_t>(node)]->spoil = [](std::string& bytes) {
      bytes[bytes.size() / 2] ^= 1;
    };
  }
};

TEST_F(AskTest, PrintsTheWinningAnswerAndSaysVerifiedUnderTheTrustedRoster) {
  Serve(2);
  EXPECT_EQ(RunHere({"ask", "What is the capital of Peru?"}), ExitCode::kOk) << err;
  EXPECT_THAT(out, StartsWith("Lima, says node 3\n"));
  EXPECT_THAT(out, HasSubstr("node-3 wins with 5."));
  EXPECT_THAT(out, HasSubstr("rank  node"));
  EXPECT_THAT(out, HasSubstr("3 of 4 nodes (node-0, node-1, node-2): a quorum"));
  EXPECT_THAT(out, HasSubstr("verified here under your roster"));
  EXPECT_THAT(err, HasSubstr("certified: the proof is complete"));
}

TEST_F(AskTest, QuietPrintsNothingButTheAnswer) {
  Serve(1);
  EXPECT_EQ(RunHere({"ask", "why?", "--quiet"}), ExitCode::kOk);
  EXPECT_EQ(out, "Lima, says node 3\n");
  EXPECT_EQ(err, "");
}

TEST_F(AskTest, JsonIsOneDocumentWithTheWholeOutcome) {
  Serve(1);
  EXPECT_EQ(RunHere({"ask", "why?", "--json"}), ExitCode::kOk);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["answer"], "Lima, says node 3");
  EXPECT_EQ(json["winner"], "node-3");
  EXPECT_EQ(json["authenticated"], true);
  EXPECT_EQ(json["ranking"].size(), 4u);
  EXPECT_EQ(json["signed_by"].size(), 3u);
  EXPECT_EQ(json["messages"][0]["content"], "why?");
  EXPECT_EQ(json["proof_from"], servers[0]->address());
}

TEST_F(AskTest, TheQuestionMayComeFromStandardInputWithASystemMessage) {
  Serve(1);
  in = "two\nlines\n";
  EXPECT_EQ(RunHere({"ask", "-", "--system", "Be brief.", "--json"}), ExitCode::kOk);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["messages"][0]["content"], "Be brief.");
  EXPECT_EQ(json["messages"][1]["content"], "two\nlines");
}

TEST_F(AskTest, AnInvalidProofIsNamedAndTheNextNodeAsked) {
  Serve(2);
  CorruptProofsOf(0);
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kOk) << err;
  EXPECT_THAT(err, HasSubstr("the proof that " + servers[0]->address() + " gave is invalid"));
  EXPECT_THAT(err, HasSubstr("encoding: "));
  EXPECT_THAT(out, HasSubstr("verified here"));
}

TEST_F(AskTest, NothingButInvalidProofsIsNoAnswer) {
  Serve(2);
  CorruptProofsOf(0);
  CorruptProofsOf(1);
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kProofInvalid);
  EXPECT_EQ(out, "");
}

TEST_F(AskTest, AValidProofOfAnotherRoundIsInvalidHere) {
  Serve(2);
  const std::string other = EncodeBundle(testing::BundleMaker(cluster).Make());
  councils[0]->spoil = [&](std::string& bytes) { bytes = other; };
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kOk) << err;
  EXPECT_THAT(err, HasSubstr("round: the proof is of round"));
}

TEST_F(AskTest, WithoutARosterItNeverSaysVerified) {
  Serve(1, /*with_roster=*/false);
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kNotAuthenticated);
  EXPECT_THAT(out, StartsWith("Lima"));
  EXPECT_THAT(out, HasSubstr("consistent in itself under the roster of epoch 1, cluster_id " +
                             cluster.roster().cluster_id().Hex() + ", not authenticated"));
  EXPECT_THAT(out + err, Not(HasSubstr("verified")));
}

TEST_F(AskTest, ADeadNodeIsSkipped) {
  Serve(2);
  servers[0].reset();
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kOk) << err;
}

TEST_F(AskTest, ARoundThatTheWatchedNodeDoesNotKnowIsGivenToIt) {
  Serve(2);
  councils[0]->others.clear();  // takes the question and tells nobody
  councils[0]->finishes = true;
  CorruptProofsOf(0);
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kOk) << err;
  EXPECT_THAT(err, HasSubstr("did not know the round and takes it on"));
}

TEST_F(AskTest, NoNodeThatAnswersIsUnreachable) {
  Serve(1);
  servers.clear();
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kUnreachable);
}

TEST_F(AskTest, ARefusalIsToldWithItsReason) {
  Serve(1);
  councils[0]->submit_status = absl::ResourceExhaustedError("64 rounds are in flight");
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kRefused);
  EXPECT_THAT(err, HasSubstr("64 rounds are in flight"));
}

// A node replies once its disk has the question; here it never does.
TEST_F(AskTest, ANodeThatIsSlowToReplyMayHaveTheQuestionAndIsWatched) {
  Serve(1);
  councils[0]->hold_submit = true;
  EXPECT_EQ(RunHere({"ask", "why?", "--timeout", "30s"}), ExitCode::kOk) << err;
  EXPECT_THAT(err, HasSubstr("slow to reply; it may have taken the question"));
  EXPECT_THAT(out, HasSubstr("verified here"));
}

TEST_F(AskTest, ANodeThatTookTheQuestionIsWatchedBeforeOneThatIsSlow) {
  Serve(2);
  councils[0]->hold_submit = true;
  councils[0]->submit_status = absl::InternalError("it has not got as far");
  councils[1]->others.clear();
  EXPECT_EQ(RunHere({"ask", "why?", "--timeout", "30s"}), ExitCode::kOk) << err;
  EXPECT_THAT(err, HasSubstr(servers[0]->address() + ": slow to reply"));
  EXPECT_THAT(err, Not(HasSubstr("Deadline Exceeded"))) << "it was asked again";
}

TEST_F(AskTest, WhereOneNodeIsSlowARefusalIsARefusal) {
  Serve(2);
  councils[0]->hold_submit = true;
  councils[0]->submit_status = absl::InternalError("it has not got as far");
  councils[1]->submit_status = absl::ResourceExhaustedError("64 rounds are in flight");
  EXPECT_EQ(RunHere({"ask", "why?", "--timeout", "30s", "--id-file", Path("id")}),
            ExitCode::kRefused);
  EXPECT_THAT(err, HasSubstr("slow to reply"));
  EXPECT_THAT(err, HasSubstr("64 rounds are in flight"));
  EXPECT_EQ(Read("id"), "");
}

TEST_F(AskTest, ANodeThatWasSlowAndThenRefusesIsAskedNoMore) {
  Serve(1);
  councils[0]->hold_submit = true;
  councils[0]->submit_status = absl::FailedPreconditionError("this node does not vote");
  std::thread later([&] {
    councils[0]->WaitForHeldSubmit();
    councils[0]->HoldNoMore();
  });
  EXPECT_EQ(RunHere({"ask", "why?", "--timeout", "30s"}), ExitCode::kRefused);
  later.join();
  EXPECT_THAT(err, HasSubstr("no node took the question: "));
  EXPECT_THAT(err, HasSubstr("this node does not vote"));
}

TEST_F(AskTest, ATimeoutSaysWhereTheRoundStandsAndHowToLookLater) {
  Serve(1);
  councils[0]->finishes = false;
  councils[0]->waiting_for = "no quorum: 2 of 4 nodes reachable";
  EXPECT_EQ(RunHere({"ask", "why?", "--timeout", "200ms", "--id-file", Path("id")}),
            ExitCode::kTimedOut);
  EXPECT_THAT(err, HasSubstr("no quorum: 2 of 4 nodes reachable"));
  EXPECT_THAT(err, HasSubstr("decentctl rounds show " + Read("id").substr(0, 64)));
}

TEST_F(AskTest, ARoundThatEveryNodeGaveUpHasItsOwnExitStatus) {
  Serve(2);
  for (auto& council : councils) council->gives_up = true;
  councils[0]->waiting_for = "answers of node-2";
  councils[1]->forgets = true;
  EXPECT_EQ(RunHere({"ask", "why?", "--id-file", Path("id")}), ExitCode::kGivenUp) << err;
  EXPECT_THAT(err, HasSubstr("given up undecided, without answers of node-2"));
  EXPECT_THAT(err, HasSubstr(servers[0]->address() + " gave the round up undecided"));
  EXPECT_THAT(err, HasSubstr(servers[1]->address() + " gave the round up undecided"));
  EXPECT_EQ(out, "");
  EXPECT_EQ(RunHere({"rounds", "show", Read("id").substr(0, 64), "--node", servers[1]->address()}),
            ExitCode::kGivenUp);
  EXPECT_THAT(out, HasSubstr("given up undecided"));
}

TEST_F(AskTest, WhereOneNodeGaveUpTheNextIsWatched) {
  Serve(2);
  councils[0]->gives_up = true;
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kOk) << err;
  EXPECT_THAT(err, HasSubstr(servers[0]->address() + " gave the round up undecided"));
  EXPECT_THAT(out, HasSubstr("verified here"));
}

TEST_F(AskTest, AnAgreedFailureHasItsOwnExitStatusAndReasons) {
  councils[0]->bundle_options.abstaining_workers = {0, 1, 2};
  councils[0]->bundle_options.silent_workers = {3};
  Serve(1);
  EXPECT_EQ(RunHere({"ask", "why?"}), ExitCode::kFailedAsAgreed) << err;
  EXPECT_THAT(out, HasSubstr("failed as agreed: 0 usable answers"));
  EXPECT_THAT(out, HasSubstr("abstained: node-0 (model failed: no model)"));
  EXPECT_THAT(out, HasSubstr("missing: node-3"));
}

TEST_F(AskTest, SeveralNamedNodesTakeTheSameRoundAtOnce) {
  Serve(3);
  EXPECT_EQ(RunHere({"ask", "--node", servers[1]->address(), "--node", servers[2]->address(),
                     "why?", "--json"}),
            ExitCode::kOk)
      << err;
  const RoundId round{*Digest::FromHex(nlohmann::json::parse(out)["round_id"].get<std::string>())};
  EXPECT_TRUE(councils[1]->GetRound(round).ok());
  EXPECT_TRUE(councils[2]->GetRound(round).ok());
}

TEST_F(AskTest, SavesTheProof) {
  Serve(1);
  EXPECT_EQ(RunHere({"ask", "why?", "--save", Path("saved.bundle")}), ExitCode::kOk);
  EXPECT_TRUE(VerifyBundle(Read("saved.bundle"), &cluster.roster()).ok());
}

TEST_F(AskTest, WrongUsageIsRefusedBeforeAnythingIsSent) {
  Serve(1);
  EXPECT_EQ(RunHere({"ask"}), ExitCode::kUsage);
  EXPECT_EQ(RunHere({"ask", "why?", "--timeout", "5"}), ExitCode::kUsage);
  EXPECT_THAT(err, HasSubstr("90s"));
  EXPECT_EQ(RunHere({"ask", "why?", "--temperature", "7"}), ExitCode::kUsage);
  EXPECT_EQ(RunHere({"ask", "not \xFF utf-8"}), ExitCode::kUsage);
  EXPECT_EQ(RunHere({"ask", "why?", "--node", "nonsense"}), ExitCode::kConfiguration);
}

}  // namespace
}  // namespace decentd
