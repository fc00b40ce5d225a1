#include "tools/decentctl/drill/scratch_node.h"

#include <filesystem>
#include <variant>

#include "nlohmann/json.hpp"
#include "node/config/units.h"
#include "tools/cluster/loopback.h"

namespace decentd::drill {
namespace {

// Written as JSON, which is YAML, for its quoting is known to the last character.
using Json = nlohmann::ordered_json;

std::string Absolute(const std::string& path) {
  std::error_code error;  // of the working directory, where that is gone
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

template <class T>
void Add(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}
void AddText(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}
void AddPath(Json& json, const char* key, const std::string& path) {
  if (!path.empty()) json[key] = Absolute(path);
}

const char* Word(StructuredOutput value) {
  switch (value) {
    case StructuredOutput::kJsonSchema:
      return "json_schema";
    case StructuredOutput::kOff:
      return "off";
    case StructuredOutput::kAuto:
      break;
  }
  return "auto";
}

Json ToJson(const OpenAiBackend& backend) {
  Json json = {{"backend", "openai"}, {"url", backend.url}, {"model", backend.model}};
  Add(json, "temperature", backend.temperature);
  Add(json, "max_tokens", backend.max_tokens);
  json["max_completion_tokens"] = backend.max_completion_tokens;
  Add(json, "seed", backend.seed);
  json["timeout"] = FormatDuration(backend.timeout_ms);
  json["retries"] = backend.retries;
  json["concurrency"] = backend.concurrency;
  AddText(json, "api_key_env", backend.api_key_env);
  AddPath(json, "api_key_file", backend.api_key_file);
  json["structured_output"] = Word(backend.structured_output);
  AddPath(json, "tls_authority", backend.tls_authority);
  Json prices = Json::object();
  Add(prices, "prompt", backend.prompt_price);
  Add(prices, "completion", backend.completion_price);
  if (!prices.empty()) json["prices"] = std::move(prices);
  return json;
}

Json ToJson(const ExecBackend& backend) {
  Json json = {{"backend", "exec"},
               {"command", backend.command},
               {"timeout", FormatDuration(backend.timeout_ms)},
               {"output_limit", FormatSize(backend.output_limit)},
               {"concurrency", backend.concurrency}};
  AddText(json, "model", backend.model);
  return json;
}

Json ToJson(const ScriptedBackend& backend) {
  return {{"backend", "scripted"}, {"file", Absolute(backend.file)}};
}

Json ToJson(const ModelBackend& backend) {
  return std::visit([](const auto& kind) { return ToJson(kind); }, backend);
}

Json ModelsOf(const NodeConfig& real) {
  Json models = Json::object();
  AddText(models, "system_prompt", real.system_prompt);
  if (real.answer_model) models["answer"] = ToJson(*real.answer_model);
  if (real.judge_model) {
    Json judge = ToJson(real.judge_model->backend);
    judge["method"] =
        real.judge_model->method == JudgeMethod::kPerAnswer ? "per_answer" : "all_at_once";
    judge["extra_tokens"] = real.judge_model->extra_tokens;
    AddPath(judge, "prompts", real.judge_model->prompt_directory);
    models["judge"] = std::move(judge);
  }
  return models;
}

// A drill asks often and for one client: no limits on that.
std::string Render(const ScratchNode& node, Json models, uint32_t model_calls_waiting) {
  const Json json = {{"name", node.name},
                     {"identity_key", "identity.key"},
                     {"data_directory", "data"},
                     {"roster", "../roster.yaml"},
                     {"peers", {{"listen", Loopback(node.peer_port)}}},
                     {"clients",
                      {{"listen", Loopback(node.client_port)},
                       {"requests_per_minute", 0},
                       {"rounds_in_flight", 0}}},
                     {"models", std::move(models)},
                     {"limits", {{"model_calls_waiting", model_calls_waiting}}}};
  return json.dump(2) + "\n";
}

}  // namespace

std::string HonestNodeYaml(const ScratchNode& node, const NodeConfig& real) {
  return Render(node, ModelsOf(real), real.limits.model_calls_waiting);
}

std::string LyingNodeYaml(const ScratchNode& node, const std::string& script) {
  const Json model = ToJson(ScriptedBackend{script});
  return Render(node, {{"answer", model}, {"judge", model}}, LimitsConfig{}.model_calls_waiting);
}

}  // namespace decentd::drill
