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

struct GatewayConfig {
  std::string listen;                 // host:port; empty = there is no gateway
  std::string api_keys_file;          // one SHA-256 a line; empty = none asked for, loopback only
  bool insecure = false;              // reachable by other machines without TLS all the same
  uint32_t requests_per_minute = 60;  // of one API key; 0 = no limit
  uint32_t rounds_in_flight = 8;      // of one API key; 0 = no limit
  uint32_t connections = 128;         // at once
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

// The digests in a gateway's file of API keys: 64 hexadecimal digits a line; empty lines and what
// stands behind '#' are left out. INVALID_ARGUMENT names the line, or says that there is no key;
// else the errors of ReadTextFile. Thread-safe; blocks on the disk.
absl::StatusOr<std::vector<Digest>> ReadApiKeyDigests(const std::string& path);

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

// The backend's API key, or empty when it names none. FAILED_PRECONDITION when the variable is not
// set or empty; errors of ReadSecretFile for the file. Never logged; the caller wipes it.
absl::StatusOr<std::string> ResolveApiKey(const OpenAiBackend& backend,
                                          const Environment& environment);

// Which secrets the configuration names and whether they are there; never their values.
std::vector<Setting> SecretSettings(const NodeConfig& config, const Environment& environment);

}  // namespace decentd
