#include "node/llm/judging.h"

#include <utility>

#include "node/core/limits.h"
#include "node/llm/answering.h"
#include "node/llm/score_parser.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

constexpr size_t kShorterBy = 4;  // tokens of hostile text can be a quarter of the usual length

template <class T>
std::optional<T> Sum(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return *a + *b;
}

}  // namespace

Usage AddUsage(const Usage& a, const Usage& b) {
  return {Sum(a.prompt_tokens, b.prompt_tokens), Sum(a.completion_tokens, b.completion_tokens),
          Sum(a.cost_micro_usd, b.cost_micro_usd), Sum(a.elapsed_ms, b.elapsed_ms)};
}

JudgeRun::JudgeRun(const PromptSet* prompts, const JudgeSettings* settings, JudgeRequest request,
                   Clock::time_point deadline)
    : prompts_(prompts),
      settings_(settings),
      request_(std::move(request)),
      deadline_(deadline),
      prompt_(MakeJudgePrompt(*prompts, *settings, request_, settings->max_answers_bytes)) {}

ModelCall JudgeRun::Call(std::vector<ChatMessage> messages) const {
  ModelCall call;
  call.round = request_.round;
  call.question = LastQuestion(request_.messages);
  call.messages = std::move(messages);
  call.sampling.max_tokens = prompt_.max_tokens;
  call.sampling.temperature = settings_->temperature;
  call.sampling.seed = settings_->seed;
  call.judge = prompt_.task;
  call.deadline = deadline_;
  return call;
}

ModelCall JudgeRun::FirstCall() { return Call(prompt_.messages); }

std::string JudgeRun::Scorer(const std::string& model) const {
  const std::string prompt =
      Concat(" ", prompts_->version,
             settings_->mode == JudgeMode::kPerAnswer ? ".per_answer" : ".all_at_once");
  return Concat(OneLine(model, limits::kMaxModelNameBytes - prompt.size()), prompt);
}

std::variant<ModelCall, JudgeResult> JudgeRun::Next(CallResult result) {
  if (auto* failure = std::get_if<CallFailure>(&result)) {
    if (failure->prompt_rejected && !shortened_ && !repaired_) {
      shortened_ = true;
      prompt_ = MakeJudgePrompt(*prompts_, *settings_, request_,
                                settings_->max_answers_bytes / kShorterBy);
      return FirstCall();
    }
    return JudgeResult(Bounded(std::move(failure->abstain)));
  }
  const auto& completion = std::get<Completion>(result);
  usage_ = usage_.has_value() ? AddUsage(*usage_, completion.usage) : completion.usage;
  std::vector<std::string> ids;
  for (const ShownAnswer& answer : prompt_.task.answers) ids.push_back(answer.id);
  auto scores = ParseScores(completion.text, ids, request_.criteria);
  if (!scores.ok()) {
    if (!repaired_) {
      repaired_ = true;
      return Call(MakeRepairPrompt(*prompts_, prompt_, completion.text,
                                   std::string(scores.status().message())));
    }
    return JudgeResult(
        Bounded({AbstainReason::kReplyUnusable,
                 Concat("the judge's reply cannot be used, twice: ", scores.status().message())}));
  }
  Judgement judgement;
  judgement.scorer = Scorer(completion.model);
  judgement.usage = *usage_;
  judgement.entries.resize(request_.answers.size());
  for (size_t shown = 0; shown < prompt_.order.size(); ++shown) {
    const size_t index = prompt_.order[shown];
    judgement.entries[index] = {request_.answers[index].author, std::move((*scores)[shown])};
  }
  return JudgeResult(std::move(judgement));
}

}  // namespace decentd::llm
