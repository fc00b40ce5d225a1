// Where API keys come from. The configuration names a place; only here is it looked into.
#include <cstdlib>
#include <utility>

#include "crypto/secret_bytes.h"
#include "node/config/files.h"
#include "node/config/node_config.h"
#include "node/config/text.h"

namespace decentd {
namespace {

void DescribeKey(const ModelBackend& backend, std::string_view model,
                 const Environment& environment, std::vector<Setting>& settings) {
  const auto* openai = std::get_if<OpenAiBackend>(&backend);
  if (openai == nullptr) return;
  if (openai->api_key_env.empty() && openai->api_key_file.empty()) return;
  absl::StatusOr<std::string> key = ResolveApiKey(*openai, environment);
  const std::string value =
      key.ok() ? "(set)" : Concat("(not usable: ", MessageOf(key.status()), ")");
  if (key.ok()) WipeString(*key);
  settings.push_back({Concat("models.", model, ".api_key"), value,
                      openai->api_key_env.empty() ? Concat("file ", openai->api_key_file)
                                                  : Concat("environment ", openai->api_key_env)});
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

absl::StatusOr<std::string> ResolveApiKey(const OpenAiBackend& backend,
                                          const Environment& environment) {
  if (!backend.api_key_file.empty()) return ReadSecretFile(backend.api_key_file);
  if (backend.api_key_env.empty()) return "";
  std::optional<std::string> key = environment(backend.api_key_env);
  if (key && !key->empty()) return *std::move(key);
  return absl::FailedPreconditionError(
      Concat("the environment variable ", backend.api_key_env,
             " is not set; set it to the API key before the node starts, or use api_key_file"));
}

std::vector<Setting> SecretSettings(const NodeConfig& config, const Environment& environment) {
  std::vector<Setting> settings;
  if (config.answer_model) DescribeKey(*config.answer_model, "answer", environment, settings);
  if (config.judge_model) DescribeKey(config.judge_model->backend, "judge", environment, settings);
  return settings;
}

}  // namespace decentd
