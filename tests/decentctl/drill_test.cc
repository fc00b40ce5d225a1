#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "nlohmann/json.hpp"
#include "node/llm/scripted_file.h"
#include "tests/codec/test_cluster.h"
#include "tests/proof/bundle_maker.h"
#include "tools/decentctl/drill/attack.h"
#include "tools/decentctl/drill/liars.h"
#include "tools/decentctl/drill/report.h"
#include "tools/decentctl/drill/scratch_node.h"

namespace decentd::drill {
namespace {

using decentd::testing::BundleMaker;
using decentd::testing::TestCluster;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TestCluster ClusterOf(int n, const std::string& roles) {  // a letter a node: b both, w, e
  return TestCluster(n, 1, [&](std::vector<RosterNode>& nodes, RosterParameters&) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].worker = roles[i] != 'e';
      nodes[i].evaluator = roles[i] != 'w';
    }
  });
}

std::vector<int> OrderOf(const Roster& roster) {
  std::vector<int> order;
  for (const NodeIndex node : LiarsInOrder(roster)) order.push_back(node.value);
  return order;
}

TEST(DrillLiars, TheLastNodesThatAnswerAndJudgeLieFirst) {
  EXPECT_THAT(OrderOf(ClusterOf(4, "bbbb").roster()), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(OrderOf(ClusterOf(5, "bwebb").roster()), ElementsAre(4, 3, 0, 2, 1));
}

TEST(DrillLiars, WhereNobodyDoesBothOneAnswersAndTheOthersJudge) {
  EXPECT_THAT(OrderOf(ClusterOf(7, "wwweeee").roster()), ElementsAre(2, 6, 5, 4, 3, 1, 0));
}

TEST(DrillLiars, ThePromiseIsTheLeastOfTheLimitsThatTheLiarsReach) {
  const auto withstands = [](const Roster& roster) {
    return Withstands(roster, LiarsInOrder(roster));
  };
  EXPECT_EQ(withstands(ClusterOf(3, "bbb").roster()), 0);
  EXPECT_EQ(withstands(ClusterOf(4, "bbbb").roster()), 1);
  EXPECT_EQ(withstands(ClusterOf(7, "bbbbbbb").roster()), 2);
  // f = 2, and three evaluators have room for no liar.
  EXPECT_EQ(withstands(ClusterOf(7, "wwwwebb").roster()), 0);
  // One that answers (f_W = 1) and one that judges (f_E = 1).
  EXPECT_EQ(withstands(ClusterOf(7, "wwweeee").roster()), 2);
}

TEST(DrillLiars, AScratchNodeHasTheRolesOfARealOneAndNotItsKey) {
  const TestCluster cluster(4, 1, [](std::vector<RosterNode>& nodes, RosterParameters&) {
    nodes[1].evaluator = false;
    nodes[1].owner = "acme";
    nodes[1].addresses = {"10.0.0.1:7400"};
  });
  const std::vector<RosterNode> nodes = NodesLike(cluster.roster(), 6);
  ASSERT_EQ(nodes.size(), 6u);
  EXPECT_EQ(nodes[1].name, "node-1");
  EXPECT_EQ(nodes[5].name, "node-1-2");
  for (const RosterNode& node : {nodes[1], nodes[5]}) {
    EXPECT_FALSE(node.evaluator);
    EXPECT_EQ(node.owner, "acme");
    EXPECT_TRUE(node.addresses.empty());
    EXPECT_EQ(node.key, PublicKey{});
  }
}

class DrillRoundTest : public ::testing::Test {
 protected:
  CheckedBundle Checked(decentd::testing::BundleOptions options = {}) const {
    return *VerifyBundle(EncodeBundle(BundleMaker(cluster_, options).Make()), &cluster_.roster());
  }
  const TestCluster cluster_{4};  // whose node 3 wins
};

TEST_F(DrillRoundTest, AWinnerIsALiarsOrNot) {
  EXPECT_EQ(HowItEnded(Checked(), {NodeIndex{0}}).end, RoundEnd::kHonestWon);
  const DrillRound fallen = HowItEnded(Checked(), {NodeIndex{3}});
  EXPECT_EQ(fallen.end, RoundEnd::kLiarsWon);
  EXPECT_EQ(fallen.winner, "node-3");
  EXPECT_TRUE(fallen.winner_is_liar);
  EXPECT_EQ(fallen.answer, "Lima, says node 3");
}

TEST_F(DrillRoundTest, AnHonestTextInALiarsNameIsAnHonestAnswer) {
  CheckedBundle bundle = Checked();
  std::get<Answer>(bundle.answers[0].second.payload).text = "Lima, says node 3";
  const DrillRound round = HowItEnded(bundle, {NodeIndex{3}});
  EXPECT_EQ(round.end, RoundEnd::kHonestWon);
  EXPECT_TRUE(round.winner_is_liar);
  EXPECT_EQ(HowItEnded(bundle, {NodeIndex{0}, NodeIndex{3}}).end, RoundEnd::kLiarsWon);
}

TEST_F(DrillRoundTest, WhyThereIsNoDecisionIsSaid) {
  const DrillRound round = HowItEnded(Checked({.abstaining_workers = {0, 1, 2}}), {NodeIndex{3}});
  EXPECT_EQ(round.end, RoundEnd::kNoDecision);
  EXPECT_EQ(round.reason, "too few answers: 1 of 4, 2 needed; node-0 abstained: no model");
}

class ScriptFile {
 public:
  explicit ScriptFile(const std::string& text) {
    std::ofstream(path_) << text;
  }
  ~ScriptFile() { std::filesystem::remove(path_); }
  llm::Script Read() const { return *llm::Script::Read(path_.string(), 0); }

 private:
  const std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                      ("drill_test_" + std::to_string(getpid()) + ".jsonl");
};

std::string TextOf(const llm::ScriptedReply& reply) {
  return std::get<llm::Completion>(reply.result).text;
}

TEST(DrillAttack, LiarsPreferTheLieEvenForkedAndNothingElse) {
  const ScriptFile file(LyingScript(Attack::kFork, " It is \"42\".\n"));
  llm::ModelCall call;
  EXPECT_EQ(TextOf(file.Read().Reply(call, "dave")), "It is \"42\".");
  call.judge = llm::JudgeTask{
      "", {{"A1", "391"}, {"A2", "It is \"42\". Or not."}}, {"logic", "facts"}, ""};
  EXPECT_EQ(nlohmann::json::parse(TextOf(file.Read().Reply(call, "dave"))),
            nlohmann::json::parse(R"({"A1": {"logic": 0, "facts": 0},
                                      "A2": {"logic": 20, "facts": 20}})"));
}

TEST(DrillAttack, OnlyAnInjectionSpeaksToJudges) {
  const ScriptFile file(LyingScript(Attack::kInject, "42"));
  EXPECT_THAT(TextOf(file.Read().Reply(llm::ModelCall(), "dave")), HasSubstr("full marks"));
  EXPECT_THAT(LyingScript(Attack::kInflate, "42"), Not(HasSubstr("full marks")));
}

TEST(DrillAttack, ALieIsATextThatAScriptCanHold) {
  EXPECT_TRUE(CheckLie("The answer is 42.").ok());
  for (const std::string& lie : {std::string(" \n"), std::string("{{question}}"),
                                std::string("\xFF"), std::string(5'000, 'x')}) {
    EXPECT_FALSE(CheckLie(lie).ok()) << lie;
  }
}

// Of a real node with everything set.
constexpr const char* kReal = R"(
name: alice
identity_key: identity.key
data_directory: data
roster: roster.yaml
peers: {listen: "127.0.0.1:7400"}
models:
  system_prompt: "Say \"ja\".\nNo more."
  answer:
    {backend: openai, url: "https://a.example/v1", model: "m: x", temperature: 0.7, seed: -3,
     max_tokens: 99, max_completion_tokens: true, timeout: 1500ms, retries: 0, concurrency: 3,
     api_key_file: secrets/api.key, structured_output: "off", tls_authority: ca.pem,
     prices: {prompt: 0.15, completion: 0.6}}
  judge:
    {backend: exec, command: [./judge.py, "--deep"], model: j, timeout: 2m, output_limit: 64KiB,
     concurrency: 2, method: per_answer, extra_tokens: 7, prompts: prompts}
limits: {model_calls_waiting: 5}
)";

TEST(DrillNode, AnHonestNodeHasTheRealOnesModelsAndNothingElseOfIt) {
  const NodeConfig real = ParseNodeConfig(kReal, "/etc/decentd/node.yaml")->config;
  const ScratchNode node{"alice", 20'000, 20'001};
  const std::string text = HonestNodeYaml(node, real);
  const auto loaded = ParseNodeConfig(text, "/scratch/alice/node.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const NodeConfig& made = loaded->config;
  EXPECT_EQ(made.identity_key, "/scratch/alice/identity.key");
  EXPECT_EQ(made.data_directory, "/scratch/alice/data");
  EXPECT_EQ(made.peers_listen, "127.0.0.1:20000");
  EXPECT_EQ(made.clients.listen, "127.0.0.1:20001");
  EXPECT_EQ(made.limits.model_calls_waiting, 5u);
  EXPECT_EQ(made.system_prompt, "Say \"ja\".\nNo more.");
  const auto& answer = std::get<OpenAiBackend>(*made.answer_model);
  EXPECT_EQ(answer.api_key_file, "/etc/decentd/secrets/api.key");
  EXPECT_EQ(answer.model, "m: x");
  EXPECT_EQ(answer.concurrency, 3u);
  EXPECT_EQ(std::get<ExecBackend>(made.judge_model->backend).command,
            std::get<ExecBackend>(real.judge_model->backend).command);
  // Nothing is lost on the way: read and written again it is the same.
  EXPECT_EQ(HonestNodeYaml(node, made), text);
}

LiarCount CountOf(int liars, std::vector<RoundEnd> ends) {
  LiarCount count;
  count.liars = liars;
  for (const RoundEnd end : ends) {
    DrillRound round;
    round.end = end;
    round.answer = "391";
    round.reason = "no end";
    count.rounds.push_back(round);
  }
  return count;
}

TEST(DrillReport, ThePromiseIsHeldOrBrokenByWhatItCoversAlone) {
  Report report;
  report.withstands = 1;
  report.counts = {CountOf(0, {RoundEnd::kHonestWon}), CountOf(1, {RoundEnd::kHonestWon}),
                   CountOf(2, {RoundEnd::kLiarsWon})};
  EXPECT_TRUE(Held(report));
  for (const RoundEnd end : {RoundEnd::kLiarsWon, RoundEnd::kNoDecision, RoundEnd::kSplit}) {
    report.counts[1] = CountOf(1, {RoundEnd::kHonestWon, end});
    EXPECT_FALSE(Held(report)) << RoundEndName(end);
  }
  report.counts[1] = CountOf(1, {RoundEnd::kHonestWon});
  report.counts[1].honest_convicted = {"alice"};
  EXPECT_FALSE(Held(report));
}

TEST(DrillReport, TheTableSaysWhoWonAndWhatWasNoticed) {
  Report report;
  report.attack = Attack::kFork;
  report.nodes = 4;
  report.withstands = report.f = report.faulty_workers = report.faulty_evaluators = 1;
  report.counts = {CountOf(0, {RoundEnd::kHonestWon, RoundEnd::kHonestWon}),
                   CountOf(1, {RoundEnd::kHonestWon, RoundEnd::kNoDecision})};
  report.counts[1].convicted = {"dave"};
  const std::string table = ToTable(report);
  EXPECT_THAT(table, HasSubstr("promises to withstand 1 liar (f = 1, f_W = 1, f_E = 1)"));
  EXPECT_THAT(table, HasSubstr("0  yes       stood   2 of 2"));
  EXPECT_THAT(table, HasSubstr("1  yes       FELL    1 of 2      -          1 of 2       evidence "
                               "against 1 of 1"));
  EXPECT_THAT(table, HasSubstr("did NOT stand for 1 liar,"));
  EXPECT_THAT(table, HasSubstr("slower than the roster's deadlines"));
  report.counts[1].rounds[1].end = RoundEnd::kSplit;
  EXPECT_THAT(ToTable(report), HasSubstr("honest nodes disagree"));
}

TEST(DrillReport, JsonHasAllOfIt) {
  Report report;
  report.withstands = 0;
  report.question = "Why?";
  report.counts = {CountOf(0, {RoundEnd::kHonestWon}), CountOf(1, {RoundEnd::kNoDecision})};
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["attack"], "inflate");
  EXPECT_EQ(json["held"], true);
  EXPECT_EQ(json["counts"][1]["promised"], false);
  EXPECT_EQ(json["counts"][1]["rounds"][0]["reason"], "no end");
  EXPECT_FALSE(json.contains("directory"));
}

}  // namespace
}  // namespace decentd::drill
