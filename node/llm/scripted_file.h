// The script of a scripted backend: rules that choose an answer, marks, delays and failures. The
// format is described, with examples, in deploy/examples/scripted.yaml. A value, thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/llm/backend.h"
#include "re2/re2.h"

namespace decentd::llm {

// All conditions that are set must hold; none set matches everything.
struct TextMatch {
  std::optional<std::string> equals;    // the whole text, white space around it aside
  std::optional<std::string> contains;  // upper and lower case alike
  std::shared_ptr<const RE2> regex;     // anywhere in the text
  bool Matches(std::string_view text) const;
};

struct ScriptedDelay {
  enum class Kind : uint8_t { kConstant, kUniform, kExponential } kind = Kind::kConstant;
  double first_ms = 0;   // the constant, the least, or the mean
  double second_ms = 0;  // the greatest of a uniform delay
  // `unit` is in [0, 1).
  std::chrono::milliseconds At(double unit) const;
};

enum class ScriptedFailure : uint8_t { kNone, kError, kTimeout, kGarbage, kEmpty };

// Matches by question and node; says how a call goes and, for answers, what it says.
struct CallRule {
  TextMatch question;
  std::set<std::string> nodes;  // empty = all
  std::optional<ScriptedDelay> delay;
  ScriptedFailure failure = ScriptedFailure::kNone;
  std::string message;                       // of kError
  std::map<std::string, std::string> texts;  // by node name, "default" for the others
  std::string finish_reason = "stop";
};

struct ScoreRule {
  TextMatch question, answer;
  std::set<std::string> nodes;
  bool hash = false;                     // marks drawn from hashes instead
  std::map<std::string, double> points;  // by criterion, "default" for the others
};

struct ScriptedReply {
  std::chrono::milliseconds delay{0};
  bool never = false;  // hangs until the deadline
  CallResult result;
};

class Script {
 public:
  // `seed` is added to the file's own. Errors name the file, the line and what is expected there.
  static absl::StatusOr<Script> Read(const std::string& path, uint64_t seed);
  // One constant answer, marks from hashes, no delay: costs next to nothing, for benchmarks.
  static Script Constant(uint64_t seed);

  // Depends on nothing but the script, the call and the node's name.
  ScriptedReply Reply(const ModelCall& call, const std::string& node) const;

  uint64_t seed = 0;
  ScriptedDelay delay;
  std::vector<CallRule> answers, judging;
  std::vector<ScoreRule> scores;

 private:
  std::string Marks(const ModelCall& call, const std::string& node) const;
};

}  // namespace decentd::llm
