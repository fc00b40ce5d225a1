// The API keys that a gateway takes: their digests, so that who reads the file or the environment
// has no key.
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "node/config/files.h"
#include "node/config/key_limits.h"
#include "node/config/node_config.h"
#include "node/config/text.h"

namespace decentd {
namespace {

// Reads lines of digests and limits. What is wrong is said without quoting: it may be a key.
class ApiKeyReader {
 public:
  explicit ApiKeyReader(const KeyLimits& limits) : limits_(limits) {}

  // What is wrong with the line, or nothing.
  std::string ReadLine(const std::string& line) {
    on_this_line_ = false;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r,"), absl::SkipEmpty());
    for (const std::string& word : words) {
      const std::optional<Digest> digest = Digest::FromHex(word);
      std::string problem = digest ? ReadKey(*digest) : ReadLimit(word);
      if (!problem.empty()) return problem;
    }
    return "";
  }

  std::vector<GatewayApiKey> keys;

 private:
  std::string ReadKey(const Digest& digest) {
    // Which of its limits would count?
    if (!seen_.insert(digest).second) return "this key stands here twice; leave one";
    keys.push_back({digest, limits_});
    on_this_line_ = true;
    given_.clear();
    return "";
  }

  // "requests_per_minute=6", of the key before it.
  std::string ReadLimit(const std::string& word) {
    for (const KeyLimit& limit : kKeyLimits) {
      const std::string begin = Concat(limit.name, "=");
      if (!word.starts_with(begin)) continue;
      if (!on_this_line_) return Concat(limit.name, " must stand behind its key, on the same line");
      if (!given_.insert(limit.name).second) return Concat(limit.name, " is given twice");
      uint32_t value = 0;
      if (!absl::SimpleAtoi(word.substr(begin.size()), &value) || value < limit.least ||
          value > limit.most) {
        return Concat(limit.name, " must be a number from ", limit.least, " to ", limit.most);
      }
      keys.back().limits.*limit.value = value;
      return "";
    }
    return "expected the SHA-256 of an API key as 64 hexadecimal digits, as sha256sum prints it, "
           "or a limit of the key before, as requests_per_minute=6";
  }

  const KeyLimits limits_;
  bool on_this_line_ = false;   // the last key
  std::set<std::string> given_;  // limits of that key
  std::set<Digest> seen_;
};

// `where`: the file or the variable, for messages.
absl::StatusOr<std::vector<GatewayApiKey>> ParseKeys(const std::string& text,
                                                     const std::string& where,
                                                     const KeyLimits& limits) {
  ApiKeyReader reader(limits);
  int number = 0;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (const std::string& line : lines) {
    ++number;
    const std::string problem = reader.ReadLine(line.substr(0, line.find('#')));
    if (!problem.empty()) {
      return absl::InvalidArgumentError(Concat(where, ":", number, ": ", problem));
    }
  }
  if (reader.keys.empty()) {
    return absl::InvalidArgumentError(
        Concat(where, " holds no API key; add the SHA-256 of one, or leave the setting out"));
  }
  return std::move(reader.keys);
}

}  // namespace

absl::StatusOr<std::vector<GatewayApiKey>> GatewayApiKeys(const GatewayConfig& gateway,
                                                          const Environment& environment) {
  if (!gateway.api_keys_file.empty()) {
    const absl::StatusOr<std::string> text = ReadTextFile(gateway.api_keys_file);
    if (!text.ok()) return text.status();
    return ParseKeys(*text, gateway.api_keys_file, gateway.limits);
  }
  if (gateway.api_keys_env.empty()) return std::vector<GatewayApiKey>{};
  const std::optional<std::string> text = environment(gateway.api_keys_env);
  if (text) {
    return ParseKeys(*text, Concat("environment ", gateway.api_keys_env), gateway.limits);
  }
  return absl::FailedPreconditionError(
      Concat("the environment variable ", gateway.api_keys_env,
             " is not set; set it to the SHA-256 of each API key before the node starts, or use "
             "api_keys"));
}

}  // namespace decentd
