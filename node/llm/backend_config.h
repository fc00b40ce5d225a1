// What a model backend needs to know, as plain values. The daemon fills them from its own
// configuration; secrets arrive here already read and leave only in a request's header.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace decentd::llm {

using std::chrono::milliseconds;

// How the form of scores is asked for.
enum class StructuredOutput : uint8_t {
  kAuto,        // json_schema; without it from the first time the server refuses it
  kJsonSchema,  // always json_schema
  kOff,         // never: the prompt alone asks
};

// A server with OpenAI's /chat/completions.
struct OpenAiConfig {
  std::string url;      // up to and without "/chat/completions", e.g. http://127.0.0.1:8080/v1
  std::string model;    // as the server names it
  std::string api_key;  // empty = no Authorization header
  std::optional<double> temperature;   // of answers, where the client asks for none
  std::optional<uint32_t> max_tokens;  // of answers: the default and the most a client may ask for
  std::string max_tokens_field = "max_tokens";  // "max_completion_tokens" for some services
  std::optional<int64_t> seed;                  // where the client asks for none
  milliseconds timeout{60'000};   // of one answer or judgement, with waiting and retries
  uint32_t retries = 3;           // after connection errors, 408, 429 and 5xx
  milliseconds retry_delay{500};  // before the first retry, then doubled; Retry-After goes first
  uint32_t concurrency = 4;       // calls under way at once
  uint32_t max_queue = 256;       // calls that wait; further ones are over budget
  StructuredOutput structured_output = StructuredOutput::kAuto;
  std::optional<double> usd_per_million_prompt_tokens;  // both set: costs are reported
  std::optional<double> usd_per_million_completion_tokens;
  std::string ca_file;  // extra trust for a private server; empty = the system's
  friend bool operator==(const OpenAiConfig&, const OpenAiConfig&) = default;
};

// A program of the operator's: one process a call, JSON in and out (node/llm/exec_wire.h).
struct ExecConfig {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH; no shell
  std::string model;              // name reported when the program gives none; empty = argv[0]
  milliseconds timeout{60'000};
  size_t max_output_bytes = 1u << 20;
  uint32_t concurrency = 2;
  uint32_t max_queue = 256;
  friend bool operator==(const ExecConfig&, const ExecConfig&) = default;
};

// Answers and scores from a file (deploy/examples/scripted.yaml), for tests, demonstrations and
// benchmarks.
struct ScriptedConfig {
  std::string file;  // .yaml, .yml or .jsonl; empty = constant answers, scores from hashes
  std::string model = "scripted";
  milliseconds timeout{60'000};
  std::optional<milliseconds> delay;  // replaces every delay of the file
  uint64_t seed = 0;                  // added to the file's own
  friend bool operator==(const ScriptedConfig&, const ScriptedConfig&) = default;
};

using BackendConfig = std::variant<OpenAiConfig, ExecConfig, ScriptedConfig>;

enum class JudgeMode : uint8_t {
  kAllAtOnce,  // one prompt holds every answer: one call, and answers are compared
  kPerAnswer,  // one prompt an answer: starts as answers arrive, and small models cope better
};

struct JudgeSettings {
  JudgeMode mode = JudgeMode::kAllAtOnce;
  std::string prompts_directory;            // empty = the prompts built into the program
  std::optional<double> temperature = 0.0;  // nothing = the server's own
  std::optional<int64_t> seed;
  // A judge's reply may be as long as this many tokens a score and some more.
  uint32_t tokens_per_score = 24;
  uint32_t extra_tokens = 64;  // raise for models that think aloud before they score
  // All answers of one prompt share this much; those above their fair share are shown cut, so that
  // one endless answer cannot push every judge over its context. The question has it to itself too.
  size_t max_answers_bytes = 64 * 1024;
  friend bool operator==(const JudgeSettings&, const JudgeSettings&) = default;
};

struct ModelsConfig {
  std::string node_name;                // lets scripted files tell nodes apart
  std::optional<BackendConfig> answer;  // nothing: every Answer abstains, kNotConfigured
  std::optional<BackendConfig> judge;   // equal to `answer`: both share one backend and its limits
  std::string system_prompt;            // put before a conversation that brings none of its own
  JudgeSettings judging;
};

}  // namespace decentd::llm
