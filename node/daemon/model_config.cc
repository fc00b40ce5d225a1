#include "node/daemon/model_config.h"

#include <chrono>
#include <utility>

namespace decentd {
namespace {

using std::chrono::milliseconds;

llm::StructuredOutput Convert(StructuredOutput value) {
  switch (value) {
    case StructuredOutput::kJsonSchema:
      return llm::StructuredOutput::kJsonSchema;
    case StructuredOutput::kOff:
      return llm::StructuredOutput::kOff;
    case StructuredOutput::kAuto:
      break;
  }
  return llm::StructuredOutput::kAuto;
}

absl::StatusOr<llm::BackendConfig> Convert(const OpenAiBackend& from, const NodeConfig& config,
                                           const Environment& environment) {
  absl::StatusOr<std::string> key = ResolveApiKey(from, environment);
  if (!key.ok()) return key.status();
  llm::OpenAiConfig to;
  to.url = from.url;
  to.model = from.model;
  to.api_key = *std::move(key);
  to.temperature = from.temperature;
  to.max_tokens = from.max_tokens;
  to.seed = from.seed;
  to.timeout = milliseconds(from.timeout_ms);
  to.retries = from.retries;
  to.concurrency = from.concurrency;
  to.max_queue = config.limits.model_calls_waiting;
  to.structured_output = Convert(from.structured_output);
  to.usd_per_million_prompt_tokens = from.prompt_price;
  to.usd_per_million_completion_tokens = from.completion_price;
  if (from.max_completion_tokens) to.max_tokens_field = "max_completion_tokens";
  to.ca_file = from.tls_authority;
  return to;
}

absl::StatusOr<llm::BackendConfig> Convert(const ExecBackend& from, const NodeConfig& config,
                                           const Environment&) {
  llm::ExecConfig to;
  to.argv = from.command;
  to.timeout = milliseconds(from.timeout_ms);
  to.max_output_bytes = from.output_limit;
  to.concurrency = from.concurrency;
  to.max_queue = config.limits.model_calls_waiting;
  return to;
}

absl::StatusOr<llm::BackendConfig> Convert(const ScriptedBackend& from, const NodeConfig&,
                                           const Environment&) {
  llm::ScriptedConfig to;
  to.file = from.file;
  return to;
}

absl::StatusOr<llm::BackendConfig> Convert(const ModelBackend& from, const NodeConfig& config,
                                           const Environment& environment) {
  return std::visit([&](const auto& backend) { return Convert(backend, config, environment); },
                    from);
}

absl::Status Named(const char* model, const absl::Status& status) {
  return absl::Status(status.code(),
                      "models." + std::string(model) + ": " + std::string(status.message()));
}

}  // namespace

absl::StatusOr<llm::ModelsConfig> MakeModelsConfig(const NodeConfig& config,
                                                   const Environment& environment) {
  llm::ModelsConfig models;
  models.node_name = config.name;
  models.system_prompt = config.system_prompt;
  if (config.answer_model) {
    auto backend = Convert(*config.answer_model, config, environment);
    if (!backend.ok()) return Named("answer", backend.status());
    models.answer = *std::move(backend);
  }
  if (config.judge_model) {
    auto backend = Convert(config.judge_model->backend, config, environment);
    if (!backend.ok()) return Named("judge", backend.status());
    models.judge = *std::move(backend);
    // How a judge samples is the judging's own setting: without it two equal backends are one, and
    // share its limit of calls at once.
    if (auto* openai = std::get_if<llm::OpenAiConfig>(&*models.judge)) {
      if (openai->temperature) models.judging.temperature = openai->temperature;
      models.judging.seed = openai->seed;
      if (auto* answer = models.answer ? std::get_if<llm::OpenAiConfig>(&*models.answer) : nullptr;
          answer != nullptr) {
        openai->temperature = answer->temperature;
        openai->seed = answer->seed;
        openai->max_tokens = answer->max_tokens;
      }
    }
    models.judging.mode = config.judge_model->method == JudgeMethod::kPerAnswer
                              ? llm::JudgeMode::kPerAnswer
                              : llm::JudgeMode::kAllAtOnce;
    models.judging.extra_tokens = config.judge_model->extra_tokens;
    models.judging.prompts_directory = config.judge_model->prompt_directory;
  }
  return models;
}

}  // namespace decentd
