// node.yaml: what one node's operator decides. Plain values with their defaults; nothing here is
// shared with other nodes, that is the roster's (roster_file.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/config/yaml_reader.h"

namespace decentd {

// Whether a judge's reply is forced into shape by the server: tried first and given up when the
// server refuses it, always, or never.
enum class StructuredOutput : uint8_t { kAuto, kJsonSchema, kOff };

// A server that speaks OpenAI's chat completions: llama.cpp, vLLM, Ollama, a hosted service.
struct OpenAiBackend {
  std::string url;                    // up to and with /v1
  std::string model;                  // as the server names it
  std::optional<double> temperature;  // absent = the server's default
  std::optional<uint32_t> max_tokens;
  bool max_completion_tokens = false;  // the server wants max_tokens under this newer name
  std::optional<int64_t> seed;
  uint32_t timeout_ms = 25'000;  // of one call; below the roster's soft deadline
  uint32_t retries = 1;          // after an error that may pass (429, 5xx, no connection)
  uint32_t concurrency = 1;      // calls at once; a single-GPU server often allows one
  std::string api_key_env;       // at most one of these two; the key itself is never in the file
  std::string api_key_file;
  StructuredOutput structured_output = StructuredOutput::kAuto;
  std::optional<double> prompt_price;      // USD per million tokens; absent = unknown
  std::optional<double> completion_price;  // likewise
  std::string tls_authority;  // PEM that a private server's certificate is checked against
};

// A program of the operator's: the request as JSON on its standard input, the reply on its output.
struct ExecBackend {
  std::vector<std::string> command;  // program and arguments; no shell
  std::string model;                 // the name shown when the program tells none
  uint32_t timeout_ms = 25'000;      // then it is killed
  size_t output_limit = 256 * 1024;  // bytes
  uint32_t concurrency = 1;
};

// Replies read from a file, for demonstrations and tests without a model.
struct ScriptedBackend {
  std::string file;
};

using ModelBackend = std::variant<OpenAiBackend, ExecBackend, ScriptedBackend>;

// One call that sees every answer, or one call for each answer.
enum class JudgeMethod : uint8_t { kAllAtOnce, kPerAnswer };

struct JudgeConfig {
  ModelBackend backend;
  JudgeMethod method = JudgeMethod::kAllAtOnce;
  uint32_t extra_tokens = 64;    // beyond the scores; more for models that think aloud first
  std::string prompt_directory;  // templates that replace the built-in ones; empty = built in
};

struct ClientApiConfig {
  std::string listen = "127.0.0.1:8400";
  std::string tls_certificate, tls_key;  // PEM files, both or none
  bool insecure = false;                 // reachable by other machines without TLS all the same
  std::vector<PublicKey> allowed_keys;   // who may submit; empty = every client
  uint32_t requests_per_minute = 60;     // of one client; 0 = no limit
  uint32_t rounds_in_flight = 8;         // of one client; 0 = no limit
};

// What one API key of the gateway may ask.
struct KeyLimits {
  uint32_t requests_per_minute = 60;  // questions; 0 = no limit
  uint32_t rounds_in_flight = 8;      // 0 = no limit
  uint32_t body_bytes = 3'145'728;    // of one request
  uint32_t requests_at_once = 64;     // under way, watching too; 0 = no limit
};

struct GatewayApiKey {
  Digest digest;  // SHA-256 of the key
  KeyLimits limits;
};

struct GatewayConfig {
  std::string listen;  // host:port; empty = there is no gateway
  // Digests of the API keys: a file of one SHA-256 a line, or the environment variable that holds
  // them. Both empty = no key is asked for, loopback only.
  std::string api_keys_file, api_keys_env;
  bool insecure = false;               // reachable by other machines without TLS all the same
  KeyLimits limits;                    // of each key that has none of its own
  uint32_t longest_wait_ms = 570'000;  // of a chat for its round's end
  uint32_t connections = 256;          // at once; each stream of events is one
};

struct LimitsConfig {
  uint32_t rounds_open = 256;  // unfinished rounds of this node's own clients, at most
  // For each model, beside the calls under way: a slow model does not take another's places.
  // Further calls are abstained. Room for the 8 rounds that a client may have in flight, each with
  // a call for the answer and one for each of 7 answers to judge.
  uint32_t model_calls_waiting = 64;
};

struct RetentionConfig {
  uint64_t rounds = 100'000;  // finished rounds kept, newest first; 0 = no limit by count
  uint64_t age_ms = 0;        // finished rounds older than this are dropped; 0 = no limit by age
};

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : uint8_t { kText, kJson };

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

// Paths are absolute, or relative to the working directory: the ones in the file are relative to
// the file and are joined when it is read.
struct NodeConfig {
  std::string name;  // of this node in the roster
  std::string identity_key = "identity.key";
  std::string passphrase_file;  // of an encrypted identity key; empty = none or asked for
  std::string data_directory = "data";
  std::string roster = "roster.yaml";
  std::string peers_listen = "0.0.0.0:7400";
  ClientApiConfig clients;
  GatewayConfig gateway;
  std::optional<ModelBackend> answer_model;  // absent: the node abstains as a worker
  std::string system_prompt;               // put before a conversation that brings none of its own
  std::optional<JudgeConfig> judge_model;  // absent: the node abstains as an evaluator
  LimitsConfig limits;
  RetentionConfig retention;
  std::string metrics_listen;  // host:port of GET /metrics, without TLS; empty = not served
  LogConfig log;
};

struct LoadedNodeConfig {
  NodeConfig config;
  std::vector<Setting> settings;  // every effective value and its origin, in the file's order
};

// INVALID_ARGUMENT holds one line "file:line:column: message" for each problem. `file` names the
// text in messages and is what relative paths are relative to. Thread-safe, as are all below.
absl::StatusOr<LoadedNodeConfig> ParseNodeConfig(std::string_view text, const std::string& file);
absl::StatusOr<LoadedNodeConfig> LoadNodeConfig(const std::string& path);

// Looks up an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment ProcessEnvironment();

// The API keys that a gateway takes, from its file or environment variable; empty where it names
// neither. 64 hexadecimal digits each, in lines or apart by spaces or commas; behind one, on its
// line, limits of its own, as requests_per_minute=6; what stands behind '#' in a line is left out.
// INVALID_ARGUMENT says where another thing stands, what stands twice, or that there is no key;
// FAILED_PRECONDITION for a variable that is not set; else the errors of ReadTextFile. Thread-safe;
// blocks on the disk.
absl::StatusOr<std::vector<GatewayApiKey>> GatewayApiKeys(const GatewayConfig& gateway,
                                                          const Environment& environment);

// The backend's API key, or empty when it names none. FAILED_PRECONDITION when the variable is not
// set or empty; errors of ReadSecretFile for the file. Never logged; the caller wipes it.
absl::StatusOr<std::string> ResolveApiKey(const OpenAiBackend& backend,
                                          const Environment& environment);

// Which secrets the configuration names and whether they are there; never their values.
std::vector<Setting> SecretSettings(const NodeConfig& config, const Environment& environment);

}  // namespace decentd
