// The logic above the backends: checks of answers, the second attempt, preparation, cancellation.
#include <algorithm>

#include "node/core/limits.h"
#include "node/llm/make_models.h"
#include "tests/llm/testing.h"

namespace decentd::llm {
namespace {

constexpr char kMarks[] =
    R"({"factual_contradiction":17,"factual_fabrication":16,"instruction_inconsistency":15,)"
    R"("context_inconsistency":14,"logical_inconsistency":13.5})";
const std::vector<uint32_t> kMilliPoints = {17000, 16000, 15000, 14000, 13500};

class ModelsTest : public testing::Test {
 protected:
  void Make(JudgeMode mode, std::string system_prompt = "") {
    JudgeSettings settings;
    settings.mode = mode;
    backend_ = std::make_shared<HeldBackend>();
    models_ =
        ComposeModels(backend_, backend_, std::move(system_prompt), settings, BuiltInPrompts());
  }
  void SetUp() override { Make(JudgeMode::kAllAtOnce); }
  void TearDown() override {
    backend_.reset();
    models_.reset();
  }
  Abstain AbstainAfter(const std::string& answer) {
    AnswerPromise promise;
    models_->Answer(Ask("?"), promise.Setter());
    backend_->ReplyNext(answer);
    const auto result = promise.Wait();
    EXPECT_TRUE(std::holds_alternative<Abstain>(result));
    return std::get<Abstain>(result);
  }

  std::shared_ptr<HeldBackend> backend_;
  std::unique_ptr<Models> models_;
};

TEST_F(ModelsTest, AnswerCarriesTextModelReasonAndUsage) {
  AnswerPromise promise;
  models_->Answer(Ask("What is 2+2?"), promise.Setter());
  auto held = backend_->Take();
  EXPECT_EQ(held.call.question, "What is 2+2?");
  HeldBackend::Reply(std::move(held), Completion{"4", "tiny", "length", {7, 1, 30, {}}});
  const auto answer = std::get<Answer>(promise.Wait());
  EXPECT_EQ(answer.text, "4");
  EXPECT_EQ(answer.model, "tiny");
  EXPECT_EQ(answer.finish_reason, "length");
  EXPECT_EQ(answer.usage.prompt_tokens, 7u);
  EXPECT_EQ(answer.usage.cost_micro_usd, 30u);
  EXPECT_TRUE(answer.usage.elapsed_ms.has_value());
}

TEST_F(ModelsTest, UnusableAnswersAbstain) {
  EXPECT_EQ(AbstainAfter(" \n").reason, AbstainReason::kReplyUnusable);
  EXPECT_EQ(AbstainAfter("caf\xE9").detail, "the model's answer is not valid UTF-8");
  EXPECT_EQ(AbstainAfter(std::string(limits::kMaxPayloadBytes, 'x')).reason,
            AbstainReason::kReplyUnusable);
}

TEST_F(ModelsTest, AbstainDetailIsOneShortLine) {
  AnswerPromise promise;
  models_->Answer(Ask("?"), promise.Setter());
  HeldBackend::Reply(backend_->Take(), Failure(AbstainReason::kModelFailed,
                                               "line\r\n\x1B[31m" + std::string(5000, 'x')));
  const auto abstain = std::get<Abstain>(promise.Wait());
  EXPECT_LE(abstain.detail.size(), limits::kMaxAbstainDetailBytes);
  EXPECT_TRUE(std::none_of(abstain.detail.begin(), abstain.detail.end(),
                           [](unsigned char c) { return c < 0x20; }));
}

TEST_F(ModelsTest, SystemPromptIsPutBeforeConversationsWithoutOne) {
  Make(JudgeMode::kAllAtOnce, "Be brief.");
  AnswerPromise one, two;
  models_->Answer(Ask("?"), one.Setter());
  auto held = backend_->Take();
  ASSERT_EQ(held.call.messages.size(), 2u);
  EXPECT_EQ(held.call.messages[0].content, "Be brief.");
  HeldBackend::Reply(std::move(held), Completion{"x", "m", "stop", {}});
  models_->Answer({TestRound(), {{"system", "Rhyme."}, {"user", "?"}}, {}}, two.Setter());
  held = backend_->Take();
  EXPECT_EQ(held.call.messages[0].content, "Rhyme.");
  HeldBackend::Reply(std::move(held), Completion{"x", "m", "stop", {}});
  one.Wait(), two.Wait();
}

TEST_F(ModelsTest, ScoresComeBackInTheOrderOfTheRequest) {
  const JudgeRequest request = JudgeOf({"a", "b", "c"}, 2);
  JudgePromise promise;
  models_->Judge(request, promise.Setter());
  auto held = backend_->Take();
  ASSERT_TRUE(held.call.judge.has_value());
  // Marks that tell which answer they belong to, whatever place it was shown in.
  std::string reply = "{";
  for (const ShownAnswer& shown : held.call.judge->answers) {
    const std::string mark = std::to_string(1 + shown.text[0] - 'a');
    reply += (reply.size() > 1 ? "," : "") + ("\"" + shown.id + "\":[" + mark) + "," + mark + "," +
             mark + "," + mark + "," + mark + "]";
  }
  HeldBackend::Reply(std::move(held), Completion{reply + "}", "tiny", "stop", {}});
  const auto judgement = std::get<Judgement>(promise.Wait());
  ASSERT_EQ(judgement.entries.size(), 3u);
  for (uint16_t i = 0; i < 3; ++i) {
    EXPECT_EQ(judgement.entries[i].author, NodeIndex{i});
    EXPECT_EQ(judgement.entries[i].scores, std::vector<uint32_t>(5, 1000 * (i + 1)));
  }
  EXPECT_EQ(judgement.scorer, "tiny " + BuiltInPrompts().version + ".all_at_once");
}

TEST_F(ModelsTest, OneUnusableReplyIsRepaired) {
  JudgePromise promise;
  models_->Judge(JudgeOf({"4"}), promise.Setter());
  HeldBackend::Reply(backend_->Take(), Completion{"It is good.", "tiny", "stop", {10, 5, {}, {}}});
  auto repair = backend_->Take();
  ASSERT_EQ(repair.call.messages.size(), 4u);
  EXPECT_EQ(repair.call.messages[2].content, "It is good.");
  EXPECT_NE(repair.call.messages[3].content.find("it holds no JSON object"), std::string::npos);
  HeldBackend::Reply(std::move(repair), Completion{kMarks, "tiny", "stop", {20, 6, {}, {}}});
  const auto judgement = std::get<Judgement>(promise.Wait());
  EXPECT_EQ(judgement.entries[0].scores, kMilliPoints);
  EXPECT_EQ(judgement.usage.prompt_tokens, 30u);
  EXPECT_EQ(judgement.usage.completion_tokens, 11u);
  EXPECT_EQ(judgement.usage.cost_micro_usd, std::nullopt);
}

TEST_F(ModelsTest, TwoUnusableRepliesAbstain) {
  JudgePromise promise;
  models_->Judge(JudgeOf({"4"}), promise.Setter());
  backend_->ReplyNext("\xFF");
  backend_->ReplyNext(R"({"factual_contradiction":25})");
  const auto abstain = std::get<Abstain>(promise.Wait());
  EXPECT_EQ(abstain.reason, AbstainReason::kReplyUnusable);
  EXPECT_NE(abstain.detail.find("factual_contradiction\": 25"), std::string::npos);
  EXPECT_EQ(backend_->started(), 2);
}

TEST_F(ModelsTest, ARefusedPromptIsTriedOnceMoreWithShorterTexts) {
  JudgePromise promise;
  models_->Judge(JudgeOf({std::string(60000, 'x')}), promise.Setter());
  auto first = backend_->Take();
  const size_t size = first.call.messages[1].content.size();
  HeldBackend::Reply(std::move(first),
                     CallFailure{{AbstainReason::kModelFailed, "too long"}, true});
  auto second = backend_->Take();
  EXPECT_LT(second.call.messages[1].content.size(), size / 3);
  HeldBackend::Reply(std::move(second),
                     CallFailure{{AbstainReason::kModelFailed, "still too long"}, true});
  EXPECT_EQ(std::get<Abstain>(promise.Wait()).detail, "still too long");
}

TEST_F(ModelsTest, PreparedJudgementsAreUsed) {
  Make(JudgeMode::kPerAnswer);
  const JudgeRequest all = JudgeOf({"a", "b"}, 1);
  JudgeRequest one = all;
  one.answers.pop_back();
  models_->PrepareJudge(one);
  models_->PrepareJudge(one);
  backend_->ReplyNext(kMarks);
  JudgePromise promise;
  models_->Judge(all, promise.Setter());
  auto held = backend_->Take();
  EXPECT_EQ(held.call.judge->answers[0].text, "b");
  EXPECT_FALSE(promise.IsSet());
  HeldBackend::Reply(std::move(held), Completion{kMarks, "held", "stop", {}});
  const auto judgement = std::get<Judgement>(promise.Wait());
  EXPECT_EQ(judgement.entries.size(), 2u);
  EXPECT_EQ(judgement.entries[0].scores, kMilliPoints);
  EXPECT_EQ(backend_->started(), 2);
}

TEST_F(ModelsTest, EqualAnswersShareOneJudgement) {
  Make(JudgeMode::kPerAnswer);
  JudgePromise promise;
  models_->Judge(JudgeOf({"same", "same"}), promise.Setter());
  HeldBackend::Reply(backend_->Take(), Completion{kMarks, "held", "stop", {3, 4, {}, {}}});
  const auto judgement = std::get<Judgement>(promise.Wait());
  ASSERT_EQ(judgement.entries.size(), 2u);
  EXPECT_EQ(judgement.entries[1].author, NodeIndex{1});
  EXPECT_EQ(judgement.usage.prompt_tokens, 3u);
  EXPECT_EQ(backend_->started(), 1);
}

TEST_F(ModelsTest, APreparationThatFailedInPassingIsTriedAgain) {
  Make(JudgeMode::kPerAnswer);
  models_->PrepareJudge(JudgeOf({"a"}));
  HeldBackend::Reply(backend_->Take(), Failure(AbstainReason::kOverBudget, "busy"));
  JudgePromise promise;
  models_->Judge(JudgeOf({"a"}), promise.Setter());
  backend_->ReplyNext(kMarks);
  EXPECT_TRUE(std::holds_alternative<Judgement>(promise.Wait()));
}

TEST_F(ModelsTest, CancelStopsTheRoundsCallsAndForgetsWhatWasPrepared) {
  Make(JudgeMode::kPerAnswer);
  AnswerPromise answer;
  models_->Answer(Ask("?"), answer.Setter());
  models_->PrepareJudge(JudgeOf({"a"}));
  models_->PrepareJudge(JudgeOf({"a"}, 0, TestRound("another")));
  auto first = backend_->Take();
  auto second = backend_->Take();
  auto third = backend_->Take();
  models_->Cancel(TestRound());
  EXPECT_EQ(backend_->cancelled(), (std::vector<CallId>{first.id, second.id}));
  HeldBackend::Reply(std::move(first), Cancelled());
  EXPECT_EQ(std::get<Abstain>(answer.Wait()).reason, AbstainReason::kModelFailed);
  HeldBackend::Reply(std::move(second), Cancelled());
  HeldBackend::Reply(std::move(third), Completion{kMarks, "held", "stop", {}});
  JudgePromise again;
  models_->Judge(JudgeOf({"a"}), again.Setter());
  backend_->ReplyNext(kMarks);
  EXPECT_TRUE(std::holds_alternative<Judgement>(again.Wait()));
  EXPECT_EQ(backend_->started(), 4);
}

TEST_F(ModelsTest, ACancelledJudgementIsNotRepaired) {
  JudgePromise promise;
  models_->Judge(JudgeOf({"a"}), promise.Setter());
  auto held = backend_->Take();
  models_->Cancel(TestRound());
  HeldBackend::Reply(std::move(held), Completion{"no marks", "held", "stop", {}});
  EXPECT_EQ(std::get<Abstain>(promise.Wait()).detail, Cancelled().abstain.detail);
  EXPECT_EQ(backend_->started(), 1);
}

TEST_F(ModelsTest, ShutdownEndsEveryCall) {
  Make(JudgeMode::kPerAnswer);
  AnswerPromise answer;
  JudgePromise judge;
  models_->Answer(Ask("?"), answer.Setter());
  models_->Judge(JudgeOf({"a", "b"}), judge.Setter());
  backend_.reset();
  models_.reset();
  EXPECT_EQ(std::get<Abstain>(answer.Wait()).reason, AbstainReason::kShuttingDown);
  EXPECT_EQ(std::get<Abstain>(judge.Wait()).reason, AbstainReason::kShuttingDown);
}

TEST(Models, WithoutBackendsAbstain) {
  auto models = MakeModels({});
  ASSERT_TRUE(models.ok());
  EXPECT_EQ(std::get<Abstain>(AnswerNow(**models, Ask("?"))).reason, AbstainReason::kNotConfigured);
  EXPECT_EQ(std::get<Abstain>(JudgeNow(**models, JudgeOf({"a"}))).reason,
            AbstainReason::kNotConfigured);
}

}  // namespace
}  // namespace decentd::llm
