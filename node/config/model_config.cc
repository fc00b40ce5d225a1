#include "node/config/model_config.h"

#include <limits>
#include <utility>

#include "node/config/text.h"

namespace decentd {
namespace {

constexpr uint64_t kMaxTimeoutMs = 24ull * 60 * 60 * 1'000;
constexpr std::string_view kServersDefault = "the server's default";

template <class To>
std::optional<To> As(const std::optional<int64_t>& number) {
  if (!number) return std::nullopt;
  return static_cast<To>(*number);
}

void RefuseInlineKey(MapReader& reader) {
  for (std::string_view key : {"api_key", "api-key", "apikey", "key", "token", "authorization"}) {
    reader.Refuse(
        key,
        "a secret does not belong into this file; put it into an environment variable "
        "and name that with api_key_env, or into a file with mode 0600 and name that with "
        "api_key_file");
  }
}

void CheckUrl(MapReader& reader, const std::string& url) {
  if (url.empty()) return;
  const bool http = url.starts_with("http://"), https = url.starts_with("https://");
  const size_t host = http ? 7 : 8;
  if ((!http && !https) || url.size() == host || url[host] == '/' ||
      url.find_first_of(" \t\r\n") != std::string::npos) {
    reader.ProblemAt("url",
                     "expected http:// or https:// and a host, such as "
                     "http://127.0.0.1:8080/v1");
  } else if (const size_t at = url.find('@'); at < url.find('/', host)) {
    reader.ProblemAt("url",
                     "a user or password does not belong into the URL; use api_key_env or "
                     "api_key_file");
  }
}

OpenAiBackend ReadOpenAi(MapReader& reader) {
  OpenAiBackend backend;
  std::optional<int64_t> max_tokens;
  reader.String("url", backend.url, Need::kRequired);
  CheckUrl(reader, backend.url);
  reader.String("model", backend.model, Need::kRequired);
  reader.OptionalDecimal("temperature", backend.temperature, 0, 2, kServersDefault);
  reader.OptionalNumber("max_tokens", max_tokens, 1, 10'000'000, kServersDefault);
  backend.max_tokens = As<uint32_t>(max_tokens);
  reader.Bool("max_completion_tokens", backend.max_completion_tokens, Need::kOptional);
  reader.OptionalNumber("seed", backend.seed, std::numeric_limits<int64_t>::min(),
                        std::numeric_limits<int64_t>::max(), kServersDefault);
  reader.Duration("timeout", backend.timeout_ms, 1, kMaxTimeoutMs, Need::kOptional);
  reader.Number("retries", backend.retries, 0, 10, Need::kOptional);
  reader.Number("concurrency", backend.concurrency, 1, 1'024, Need::kOptional);
  reader.String("api_key_env", backend.api_key_env, Need::kOptional);
  reader.Path("api_key_file", backend.api_key_file, Need::kOptional);
  if (!backend.api_key_env.empty() && !backend.api_key_file.empty()) {
    reader.ProblemAt("api_key_file", "give api_key_env or api_key_file, not both");
  }
  RefuseInlineKey(reader);
  const auto structured =
      reader.Word("structured_output", {"auto", "json_schema", "off"}, "auto", Need::kOptional);
  if (structured == "json_schema") backend.structured_output = StructuredOutput::kJsonSchema;
  if (structured == "off") backend.structured_output = StructuredOutput::kOff;
  reader.Path("tls_authority", backend.tls_authority, Need::kOptional);
  MapReader prices = reader.Map("prices", Need::kOptional);
  prices.OptionalDecimal("prompt", backend.prompt_price, 0, 1e6, "unknown");
  prices.OptionalDecimal("completion", backend.completion_price, 0, 1e6, "unknown");
  prices.Finish();
  return backend;
}

ExecBackend ReadExec(MapReader& reader) {
  ExecBackend backend;
  reader.Strings("command", backend.command, Need::kRequired);
  reader.String("model", backend.model, Need::kOptional);
  reader.Duration("timeout", backend.timeout_ms, 1, kMaxTimeoutMs, Need::kOptional);
  reader.Size("output_limit", backend.output_limit, 1, 64u << 20, Need::kOptional);
  reader.Number("concurrency", backend.concurrency, 1, 1'024, Need::kOptional);
  return backend;
}

ScriptedBackend ReadScripted(MapReader& reader) {
  ScriptedBackend backend;
  reader.Path("file", backend.file, Need::kRequired);
  return backend;
}

// Nothing when the word is missing or unknown: then no other key of the section can be judged.
std::optional<ModelBackend> ReadBackend(MapReader& reader) {
  const auto kind = reader.Word("backend", {"openai", "exec", "scripted"}, "", Need::kRequired);
  if (!kind) return std::nullopt;
  if (*kind == "openai") return ReadOpenAi(reader);
  if (*kind == "exec") return ReadExec(reader);
  return ReadScripted(reader);
}

}  // namespace

void ReadModels(MapReader models, NodeConfig& config) {
  models.String("system_prompt", config.system_prompt, Need::kOptional);
  MapReader answer = models.Map("answer", Need::kOptional);
  if (answer.value() != nullptr) {
    config.answer_model = ReadBackend(answer);
    if (config.answer_model) answer.Finish();
  }
  MapReader judge = models.Map("judge", Need::kOptional);
  if (judge.value() != nullptr) {
    JudgeConfig read;
    const std::optional<ModelBackend> backend = ReadBackend(judge);
    const auto method =
        judge.Word("method", {"all_at_once", "per_answer"}, "all_at_once", Need::kOptional);
    if (method == "per_answer") read.method = JudgeMethod::kPerAnswer;
    judge.Number("extra_tokens", read.extra_tokens, 0, 1'000'000, Need::kOptional);
    judge.Path("prompts", read.prompt_directory, Need::kOptional);
    if (backend) {
      read.backend = *backend;
      config.judge_model = std::move(read);
      judge.Finish();
    }
  }
  models.Finish();
}

}  // namespace decentd
