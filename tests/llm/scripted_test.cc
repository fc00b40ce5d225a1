#include "node/llm/scripted.h"

#include "node/llm/make_models.h"
#include "node/llm/scripted_file.h"
#include "tests/llm/testing.h"

namespace decentd::llm {
namespace {

using std::chrono::milliseconds;

const std::string kExample = std::string(LLM_SOURCE_DIR) + "/deploy/examples/scripted.yaml";

std::unique_ptr<Models> Scripted(const std::string& file, const std::string& node,
                                 std::optional<milliseconds> delay = milliseconds(0),
                                 milliseconds timeout = std::chrono::minutes(1)) {
  ModelsConfig config;
  config.node_name = node;
  ScriptedConfig scripted;
  scripted.file = file;
  scripted.delay = delay;
  scripted.timeout = timeout;
  config.answer = config.judge = scripted;
  auto models = MakeModels(config);
  EXPECT_TRUE(models.ok()) << models.status();
  return models.ok() ? *std::move(models) : nullptr;
}

std::string TextOf(const std::variant<Answer, Abstain>& result) {
  if (const auto* answer = std::get_if<Answer>(&result)) return answer->text;
  return "abstains: " + std::get<Abstain>(result).detail;
}

TEST(Scripted, TheExampleRunsACouncilOfFour) {
  std::vector<std::string> answers;
  for (const char* node : {"alice", "bob", "carol", "dave"}) {
    auto models = Scripted(kExample, node);
    answers.push_back(TextOf(AnswerNow(*models, Ask("What is the capital of Australia?"))));
    EXPECT_NE(TextOf(AnswerNow(*models, Ask("Who are you?"))).find(node), std::string::npos);
  }
  EXPECT_EQ(answers[1], "Canberra.");
  EXPECT_TRUE(answers[3].starts_with("Sydney"));
  const auto fair = std::get<Judgement>(JudgeNow(*Scripted(kExample, "bob"), JudgeOf(answers)));
  EXPECT_EQ(fair.entries[0].scores, (std::vector<uint32_t>{19000, 19000, 19000, 18000, 19000}));
  EXPECT_EQ(fair.entries[3].scores, (std::vector<uint32_t>{1000, 5000, 8000, 8000, 8000}));
  const auto unfair = std::get<Judgement>(JudgeNow(*Scripted(kExample, "dave"), JudgeOf(answers)));
  EXPECT_EQ(unfair.entries[0].scores, std::vector<uint32_t>(5, 4000));
  EXPECT_EQ(unfair.entries[3].scores, std::vector<uint32_t>(5, 20000));
}

TEST(Scripted, TheFirstMatchingRuleIsUsed) {
  const TestFile file("rules.yaml", R"(
answers:
  - {question: "  What is 2+2? ", answer: "equals"}
  - {question: {contains: "WHAT", regex: '\d'}, answer: "both"}
  - {question: {contains: "what"}, nodes: [bob], answer: "bob"}
  - {question: {contains: "what"}, answer: {alice: "alice", default: "someone"}}
  - {answer: "{{node}} heard: {{question}}", finish_reason: length}
)");
  auto alice = Scripted(file.path(), "alice");
  auto bob = Scripted(file.path(), "bob");
  auto carol = Scripted(file.path(), "carol");
  EXPECT_EQ(TextOf(AnswerNow(*alice, Ask("What is 2+2?"))), "equals");
  EXPECT_EQ(TextOf(AnswerNow(*alice, Ask("what is 3+3?"))), "both");
  EXPECT_EQ(TextOf(AnswerNow(*alice, Ask("what now?"))), "alice");
  EXPECT_EQ(TextOf(AnswerNow(*bob, Ask("what now?"))), "bob");
  EXPECT_EQ(TextOf(AnswerNow(*carol, Ask("what now?"))), "someone");
  const auto last = std::get<Answer>(AnswerNow(*carol, Ask("hello")));
  EXPECT_EQ(last.text, "carol heard: hello");
  EXPECT_EQ(last.finish_reason, "length");
  EXPECT_EQ(last.model, "scripted");
}

TEST(Scripted, FailuresAreThoseOfARealModel) {
  const TestFile file("failures.yaml", R"(
answers:
  - {question: error, fail: error, message: "out of paper"}
  - {question: timeout, fail: timeout}
  - {question: garbage, fail: garbage}
  - {question: empty, fail: empty}
judging:
  - {nodes: bob, fail: garbage}
scores:
  - {nodes: carol, points: {factual_contradiction: 3}}
)");
  auto models = Scripted(file.path(), "alice");
  auto hurried = Scripted(file.path(), "alice", milliseconds(0), milliseconds(20));
  auto reason = [&](const std::string& question) {
    auto& asked = question == "timeout" ? *hurried : *models;
    return std::get<Abstain>(AnswerNow(asked, Ask(question))).reason;
  };
  EXPECT_EQ(reason("error"), AbstainReason::kModelFailed);
  EXPECT_EQ(reason("timeout"), AbstainReason::kModelTimedOut);
  EXPECT_EQ(reason("garbage"), AbstainReason::kReplyUnusable);
  EXPECT_EQ(reason("empty"), AbstainReason::kReplyUnusable);
  EXPECT_EQ(reason("no rule"), AbstainReason::kModelFailed);
  for (const char* node : {"bob", "carol"}) {
    auto judge = Scripted(file.path(), node);
    EXPECT_EQ(std::get<Abstain>(JudgeNow(*judge, JudgeOf({"a"}))).reason,
              AbstainReason::kReplyUnusable);
  }
}

TEST(Scripted, ADelayBeyondTheDeadlineTimesOut) {
  auto models = Scripted("", "alice", std::chrono::hours(1), milliseconds(20));
  EXPECT_EQ(std::get<Abstain>(AnswerNow(*models, Ask("?"))).reason, AbstainReason::kModelTimedOut);
}

TEST(Scripted, CancelAndShutdownEndWaitingCalls) {
  auto models = Scripted("", "alice", std::chrono::seconds(30));
  AnswerPromise one, two;
  models->Answer(Ask("?", TestRound("one")), one.Setter());
  models->Answer(Ask("?", TestRound("two")), two.Setter());
  models->Cancel(TestRound("one"));
  EXPECT_EQ(std::get<Abstain>(one.Wait()).reason, AbstainReason::kModelFailed);
  EXPECT_FALSE(two.IsSet());
  models.reset();
  EXPECT_EQ(std::get<Abstain>(two.Wait()).reason, AbstainReason::kShuttingDown);
}

TEST(Scripted, HashMarksDependOnNodeAnswerAndSeedOnly) {
  auto marks = [](const std::string& node, uint64_t seed, const std::string& answer) {
    ModelCall call = CallFor("?");
    call.judge = JudgeTask{"?", {{"A1", answer}}, kCriteria, ""};
    return std::get<Completion>(Script::Constant(seed).Reply(call, node).result).text;
  };
  EXPECT_EQ(marks("alice", 1, "x"), marks("alice", 1, "x"));
  EXPECT_NE(marks("alice", 1, "x"), marks("bob", 1, "x"));
  EXPECT_NE(marks("alice", 1, "x"), marks("alice", 2, "x"));
  EXPECT_NE(marks("alice", 1, "x"), marks("alice", 1, "y"));
}

TEST(Scripted, DelaysFollowTheirDistribution) {
  const ScriptedDelay uniform{ScriptedDelay::Kind::kUniform, 200, 900};
  EXPECT_EQ(uniform.At(0), milliseconds(200));
  EXPECT_EQ(uniform.At(0.5), milliseconds(550));
  const ScriptedDelay exponential{ScriptedDelay::Kind::kExponential, 400, 0};
  EXPECT_EQ(exponential.At(0), milliseconds(0));
  EXPECT_EQ(exponential.At(0.5), milliseconds(277));
  Script script = Script::Constant(5);
  script.delay = exponential;
  ModelCall call = CallFor("?");
  double sum = 0;
  for (int i = 0; i < 2000; ++i) {
    call.round = TestRound(std::to_string(i));
    sum += static_cast<double>(script.Reply(call, "alice").delay.count());
  }
  EXPECT_NEAR(sum / 2000, 400, 40);
  EXPECT_EQ(script.Reply(call, "alice").delay, script.Reply(call, "alice").delay);
}

TEST(Scripted, JsonLinesSayTheSameAsYaml) {
  const TestFile file("rules.jsonl",
                      "{\"seed\": 7}\n\n"
                      "{\"delay_ms\": {\"uniform\": [1, 2]}}\n"
                      "{\"answers\": {\"question\": {\"contains\": \"smile\"}, "
                      "\"answer\": \"\\ud83d\\ude00\"}}\n"
                      "{\"judging\": {\"delay_ms\": 3}}\n"
                      "{\"scores\": {\"points\": 19.5}}\n");
  const auto script = Script::Read(file.path(), 1);
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(script->seed, 8u);
  EXPECT_EQ(script->delay.second_ms, 2);
  EXPECT_EQ(std::get<Completion>(script->Reply(CallFor("Smile!"), "x").result).text,
            "\xF0\x9F\x98\x80");
  EXPECT_EQ(script->scores.at(0).points.at("default"), 19.5);
}

TEST(Scripted, ErrorsNameTheLineAndWhatIsExpected) {
  const std::pair<std::string, std::string> cases[] = {
      {"answers:\n  - {question: x, answr: y}\n", "line 2: unknown key \"answr\"; expected one of"},
      {"answers:\n  - {question: x}\n", "line 2: expected either \"answer\" or \"fail\""},
      {"answers: {a: b}\n", "expected a list of rules"},
      {"answers:\n  - {answer: x, delay_ms: -1}\n", "line 2: delay_ms: expected a number from 0"},
      {"answers:\n  - {answer: x, delay_ms: {uniform: [5, 1]}}\n", "uniform: expected a number"},
      {"answers:\n  - {answer: x, question: {regex: '('}}\n", "the regex is wrong"},
      {"answers:\n  - {fail: loudly}\n", "fail: expected error, timeout, garbage or empty"},
      {"scores:\n  - {points: 21}\n", "line 2: points: expected a number from 0 to 20"},
      {"scores:\n  - {answer: x}\n", "line 2: expected \"points\""},
      {"seed: many\n", "line 1: seed: expected a whole number"},
      {"answers:\n  - [\n", "line "},
      {"just text\n", "expected a mapping with seed"},
  };
  for (const auto& [text, expected] : cases) {
    const TestFile file("wrong.yaml", text);
    const auto script = Script::Read(file.path(), 0);
    ASSERT_FALSE(script.ok()) << text;
    EXPECT_NE(std::string(script.status().message()).find(expected), std::string::npos)
        << script.status();
    EXPECT_NE(std::string(script.status().message()).find(file.path()), std::string::npos);
  }
  EXPECT_TRUE(absl::IsNotFound(Script::Read("/nonexistent.yaml", 0).status()));
  const TestFile lines("wrong.jsonl", "{\"seed\": 1}\n{\"points\": 3}\n");
  EXPECT_NE(std::string(Script::Read(lines.path(), 0).status().message()).find("line 2: unknown"),
            std::string::npos);
}

}  // namespace
}  // namespace decentd::llm
