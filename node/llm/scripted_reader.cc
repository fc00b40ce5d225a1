// Reads scripts (format: deploy/examples/scripted.yaml). Strict: a key that is not known is an
// error.
#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "node/llm/scripted_file.h"
#include "node/llm/text.h"
#include "yaml-cpp/yaml.h"

namespace decentd::llm {
namespace {

constexpr int kMaxDelayMs = 3'600'000;  // an hour is longer than any deadline

// Thrown and caught within this file, because yaml-cpp throws anyway.
struct ScriptError : std::runtime_error {
  ScriptError(const YAML::Node& node, const std::string& what)
      : std::runtime_error(
            node.Mark().is_null() ? what : Concat("line ", node.Mark().line + 1, ": ", what)) {}
};

std::string Joined(std::initializer_list<std::string_view> names) {
  std::string joined;
  for (std::string_view name : names) Append(joined, joined.empty() ? "" : ", ", name);
  return joined;
}

void OnlyKeys(const YAML::Node& map, std::initializer_list<std::string_view> known) {
  if (!map.IsMap()) {
    throw ScriptError(map, Concat("expected a mapping with ", Joined(known)));
  }
  for (const auto& entry : map) {
    const std::string key = entry.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw ScriptError(entry.first,
                        Concat("unknown key \"", key, "\"; expected one of ", Joined(known)));
    }
  }
}

std::string Text(const YAML::Node& node, std::string_view what) {
  if (!node.IsScalar()) throw ScriptError(node, Concat(what, ": expected a text"));
  return node.as<std::string>();
}

double Number(const YAML::Node& node, std::string_view what, int least, int greatest) {
  double value = -1;
  if (node.IsScalar()) YAML::convert<double>::decode(node, value);
  if (!(value >= least && value <= greatest)) {
    throw ScriptError(node, Concat(what, ": expected a number from ", least, " to ", greatest));
  }
  return value;
}

TextMatch ReadMatch(const YAML::Node& node, std::string_view what) {
  TextMatch match;
  if (!node) return match;
  if (node.IsScalar()) {
    match.equals = std::string(Trim(node.as<std::string>()));
    return match;
  }
  OnlyKeys(node, {"equals", "contains", "regex"});
  if (node["equals"]) match.equals = std::string(Trim(Text(node["equals"], "equals")));
  if (node["contains"]) match.contains = Text(node["contains"], "contains");
  if (node["regex"]) {
    RE2::Options options;
    options.set_log_errors(false);
    auto regex = std::make_shared<RE2>(Text(node["regex"], "regex"), options);
    if (!regex->ok()) {
      throw ScriptError(node["regex"], Concat(what, ": the regex is wrong: ", regex->error()));
    }
    match.regex = std::move(regex);
  }
  return match;
}

std::set<std::string> ReadNodes(const YAML::Node& node) {
  std::set<std::string> nodes;
  if (!node) return nodes;
  if (node.IsScalar()) return {node.as<std::string>()};
  if (!node.IsSequence() || node.size() == 0) {
    throw ScriptError(node, "nodes: expected a name or a list of names");
  }
  for (const auto& name : node) nodes.insert(Text(name, "nodes"));
  return nodes;
}

ScriptedDelay ReadDelay(const YAML::Node& node) {
  ScriptedDelay delay;
  if (node.IsScalar()) {
    delay.first_ms = Number(node, "delay_ms", 0, kMaxDelayMs);
    return delay;
  }
  OnlyKeys(node, {"constant", "uniform", "exponential"});
  if (node.size() != 1) {
    throw ScriptError(node, "delay_ms: expected one of constant, uniform, exponential");
  }
  if (const YAML::Node value = node["constant"]) {
    delay.first_ms = Number(value, "constant", 0, kMaxDelayMs);
  } else if (const YAML::Node mean = node["exponential"]) {
    delay.kind = ScriptedDelay::Kind::kExponential;
    delay.first_ms = Number(mean, "exponential", 0, kMaxDelayMs);
  } else {
    const YAML::Node range = node["uniform"];
    if (!range.IsSequence() || range.size() != 2) {
      throw ScriptError(range, "uniform: expected [least, greatest] in milliseconds");
    }
    delay.kind = ScriptedDelay::Kind::kUniform;
    delay.first_ms = Number(range[0], "uniform", 0, kMaxDelayMs);
    delay.second_ms = Number(range[1], "uniform", static_cast<int>(delay.first_ms), kMaxDelayMs);
  }
  return delay;
}

ScriptedFailure ReadFailure(const YAML::Node& node) {
  if (!node) return ScriptedFailure::kNone;
  const std::string name = Text(node, "fail");
  if (name == "error") return ScriptedFailure::kError;
  if (name == "timeout") return ScriptedFailure::kTimeout;
  if (name == "garbage") return ScriptedFailure::kGarbage;
  if (name == "empty") return ScriptedFailure::kEmpty;
  throw ScriptError(node, "fail: expected error, timeout, garbage or empty");
}

void ReadCallRule(const YAML::Node& node, CallRule& rule) {
  rule.question = ReadMatch(node["question"], "question");
  rule.nodes = ReadNodes(node["nodes"]);
  if (node["delay_ms"]) rule.delay = ReadDelay(node["delay_ms"]);
  rule.failure = ReadFailure(node["fail"]);
  if (node["message"]) rule.message = Text(node["message"], "message");
}

CallRule ReadAnswerRule(const YAML::Node& node) {
  OnlyKeys(node, {"question", "nodes", "answer", "finish_reason", "delay_ms", "fail", "message"});
  CallRule rule;
  ReadCallRule(node, rule);
  if (node["finish_reason"]) rule.finish_reason = Text(node["finish_reason"], "finish_reason");
  const YAML::Node answer = node["answer"];
  if (answer && answer.IsMap()) {
    for (const auto& entry : answer) {
      rule.texts[Text(entry.first, "answer")] = Text(entry.second, "answer");
    }
  } else if (answer) {
    rule.texts["default"] = Text(answer, "answer");
  }
  if (rule.texts.empty() == (rule.failure == ScriptedFailure::kNone)) {
    throw ScriptError(node, "expected either \"answer\" or \"fail\" in the rule");
  }
  return rule;
}

CallRule ReadJudgingRule(const YAML::Node& node) {
  OnlyKeys(node, {"question", "nodes", "delay_ms", "fail", "message"});
  CallRule rule;
  ReadCallRule(node, rule);
  return rule;
}

ScoreRule ReadScoreRule(const YAML::Node& node) {
  OnlyKeys(node, {"question", "answer", "nodes", "points"});
  ScoreRule rule;
  rule.question = ReadMatch(node["question"], "question");
  rule.answer = ReadMatch(node["answer"], "answer");
  rule.nodes = ReadNodes(node["nodes"]);
  const YAML::Node points = node["points"];
  if (!points) throw ScriptError(node, "expected \"points\" in the rule");
  if (points.IsMap()) {
    for (const auto& entry : points) {
      rule.points[Text(entry.first, "points")] = Number(entry.second, "points", 0, 20);
    }
  } else if (points.IsScalar() && points.as<std::string>() == "hash") {
    rule.hash = true;
  } else {
    rule.points["default"] = Number(points, "points", 0, 20);
  }
  return rule;
}

void ReadSetting(const YAML::Node& root, Script& script) {
  if (const YAML::Node seed = root["seed"]) {
    uint64_t value = 0;
    if (!seed.IsScalar() || !YAML::convert<uint64_t>::decode(seed, value)) {
      throw ScriptError(seed, "seed: expected a whole number");
    }
    script.seed += value;
  }
  if (root["delay_ms"]) script.delay = ReadDelay(root["delay_ms"]);
}

template <class Rule>
void ReadList(const YAML::Node& list, Rule (*read)(const YAML::Node&), std::vector<Rule>& into) {
  if (!list) return;
  if (!list.IsSequence()) throw ScriptError(list, "expected a list of rules");
  for (const auto& rule : list) into.push_back(read(rule));
}

void ReadYaml(const YAML::Node& root, Script& script) {
  OnlyKeys(root, {"seed", "delay_ms", "answers", "judging", "scores"});
  ReadSetting(root, script);
  ReadList(root["answers"], ReadAnswerRule, script.answers);
  ReadList(root["judging"], ReadJudgingRule, script.judging);
  ReadList(root["scores"], ReadScoreRule, script.scores);
}

// yaml-cpp does not read every JSON text right (escaped surrogates), so JSON goes through a parser
// of its own. Every scalar becomes text, which the readers above decode.
YAML::Node ToYaml(const nlohmann::json& json) {
  YAML::Node node;
  if (json.is_object()) {
    node = YAML::Node(YAML::NodeType::Map);
    for (const auto& [key, value] : json.items()) node[key] = ToYaml(value);
  } else if (json.is_array()) {
    node = YAML::Node(YAML::NodeType::Sequence);
    for (const auto& value : json) node.push_back(ToYaml(value));
  } else if (json.is_string()) {
    node = json.get<std::string>();
  } else if (!json.is_null()) {
    node = json.dump();
  }
  return node;
}

// One rule or setting a line: {"answers": {...}}, {"judging": {...}}, {"scores": {...}},
// {"seed": 7}, {"delay_ms": 100}.
void ReadJsonLine(const std::string& line, Script& script) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.size() != 1) {
    throw std::runtime_error(
        "expected a JSON object with one of seed, delay_ms, answers, judging, scores");
  }
  const YAML::Node node = ToYaml(json);
  OnlyKeys(node, {"seed", "delay_ms", "answers", "judging", "scores"});
  ReadSetting(node, script);
  if (node["answers"]) script.answers.push_back(ReadAnswerRule(node["answers"]));
  if (node["judging"]) script.judging.push_back(ReadJudgingRule(node["judging"]));
  if (node["scores"]) script.scores.push_back(ReadScoreRule(node["scores"]));
}

}  // namespace

absl::StatusOr<Script> Script::Read(const std::string& path, uint64_t seed) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(Concat(path, ": the script cannot be read"));
  Script script;
  script.seed = seed;
  size_t line_number = 0;
  try {
    if (path.ends_with(".jsonl")) {
      for (std::string line; std::getline(stream, line);) {
        ++line_number;
        if (!IsBlank(line)) ReadJsonLine(line, script);
      }
    } else {
      ReadYaml(YAML::Load(stream), script);
    }
  } catch (const YAML::ParserException& error) {
    return absl::InvalidArgumentError(
        Concat(path, ": line ", error.mark.line + 1, ": ", error.msg));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        Concat(path, line_number > 0 ? Concat(": line ", line_number) : "", ": ", error.what()));
  }
  return script;
}

}  // namespace decentd::llm
