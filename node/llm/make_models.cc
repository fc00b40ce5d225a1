#include "node/llm/make_models.h"

#include <utility>

#include "absl/status/status.h"
#include "node/llm/exec.h"
#include "node/llm/openai.h"
#include "node/llm/scripted.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

absl::StatusOr<std::shared_ptr<Backend>> MakeBackend(const BackendConfig& config,
                                                     const std::string& node) {
  if (const auto* openai = std::get_if<OpenAiConfig>(&config)) return MakeOpenAi(*openai);
  if (const auto* exec = std::get_if<ExecConfig>(&config)) return MakeExec(*exec);
  return MakeScripted(std::get<ScriptedConfig>(config), node);
}

absl::Status WithRole(const absl::Status& status, std::string_view role) {
  return absl::Status(status.code(), Concat(role, " model: ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Models>> MakeModels(const ModelsConfig& config) {
  PromptSet prompts = BuiltInPrompts();
  if (!config.judging.prompts_directory.empty()) {
    auto read = ReadPrompts(config.judging.prompts_directory);
    if (!read.ok()) return read.status();
    prompts = *std::move(read);
  }
  if (config.judging.tokens_per_score == 0 || config.judging.max_answers_bytes < 256) {
    return absl::InvalidArgumentError(
        "judging: expected tokens_per_score of at least 1 and max_answers_bytes of at least 256");
  }
  std::shared_ptr<Backend> answer, judge;
  if (config.answer.has_value()) {
    auto made = MakeBackend(*config.answer, config.node_name);
    if (!made.ok()) return WithRole(made.status(), "answering");
    answer = *std::move(made);
  }
  if (config.judge.has_value() && config.judge == config.answer) {
    judge = answer;  // one server, one limit on what it does at a time
  } else if (config.judge.has_value()) {
    auto made = MakeBackend(*config.judge, config.node_name);
    if (!made.ok()) return WithRole(made.status(), "judging");
    judge = *std::move(made);
  }
  return ComposeModels(std::move(answer), std::move(judge), config.system_prompt, config.judging,
                       std::move(prompts));
}

}  // namespace decentd::llm
