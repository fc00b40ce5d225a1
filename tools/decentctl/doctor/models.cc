#include "tools/decentctl/doctor/models.h"

#include <chrono>
#include <future>
#include <memory>
#include <numeric>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "node/daemon/model_config.h"
#include "node/llm/make_models.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd::doctor {
namespace {

constexpr const char* kQuestion = "What is the capital of France? Answer in one sentence.";
constexpr const char* kRight = "The capital of France is Paris.";
constexpr const char* kAbsurd = "The capital of France is a green seven that sings on Tuesdays.";

const char* const kModelAdvice =
    "look at url, model, timeout and the API key of this model in node.yaml, and at its server";

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Finding OfAbstain(const char* subject, const Abstain& abstain) {
  return {State::kFailure, subject, PrintableLine(abstain.detail), kModelAdvice};
}

Finding AskAnswer(Models& models) {
  AnswerRequest request;
  request.messages = {{"user", kQuestion}};
  const auto start = std::chrono::steady_clock::now();
  std::promise<std::variant<Answer, Abstain>> reply;
  models.Answer(std::move(request), [&](auto said) { reply.set_value(std::move(said)); });
  const auto said = reply.get_future().get();
  if (const auto* abstain = std::get_if<Abstain>(&said)) return OfAbstain("answering model", *abstain);
  const Answer& answer = std::get<Answer>(said);
  return {State::kOk, "answering model",
          absl::StrFormat("%s, in %.1f s: %s", PrintableLine(answer.model), SecondsSince(start),
                          PrintableLine(answer.text.substr(0, 120))),
          ""};
}

Finding AskJudge(Models& models, const Roster& roster) {
  JudgeRequest request;
  request.messages = {{"user", kQuestion}};
  request.answers = {{NodeIndex{0}, Sha256(kRight), kRight}, {NodeIndex{1}, Sha256(kAbsurd), kAbsurd}};
  request.criteria = roster.parameters().criteria;
  const auto start = std::chrono::steady_clock::now();
  std::promise<std::variant<Judgement, Abstain>> reply;
  models.Judge(std::move(request), [&](auto said) { reply.set_value(std::move(said)); });
  const auto said = reply.get_future().get();
  if (const auto* abstain = std::get_if<Abstain>(&said)) return OfAbstain("judging model", *abstain);
  const Judgement& judgement = std::get<Judgement>(said);
  const auto mean = [&](size_t i) {
    const std::vector<uint32_t>& scores = judgement.entries[i].scores;
    return std::accumulate(scores.begin(), scores.end(), 0.0) / 1000 /
           static_cast<double>(std::max<size_t>(1, scores.size()));
  };
  const double right = mean(0), absurd = mean(1);
  return {right > absurd ? State::kOk : State::kWarning, "judging model",
          absl::StrFormat("%s, in %.1f s: %.1f of 20 for a right answer, %.1f for an absurd one",
                          PrintableLine(judgement.scorer), SecondsSince(start), right, absurd),
          right > absurd ? ""
                         : "it does not tell a right answer from an absurd one: its scores are noise, "
                           "and a better model would serve the council"};
}

}  // namespace

Findings AskModels(const NodeConfig& config, const Roster& roster) {
  const absl::StatusOr<llm::ModelsConfig> models_config =
      MakeModelsConfig(config, ProcessEnvironment());
  if (!models_config.ok()) {
    return {{State::kFailure, "models", std::string(models_config.status().message()),
             kModelAdvice}};
  }
  const absl::StatusOr<std::unique_ptr<Models>> models = llm::MakeModels(*models_config);
  if (!models.ok()) {
    return {{State::kFailure, "models", std::string(models.status().message()), kModelAdvice}};
  }
  Findings findings;
  if (config.answer_model) findings.push_back(AskAnswer(**models));
  if (config.judge_model) findings.push_back(AskJudge(**models, roster));
  return findings;
}

}  // namespace decentd::doctor
