#include "node/llm/scripted_file.h"

#include <cmath>
#include <limits>

#include "nlohmann/json.hpp"
#include "node/llm/prompts.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

// Bytes that are in no UTF-8 text, and for a judge's reply no JSON either.
constexpr std::string_view kGarbage = "\xFF\xFE{ not a reply \x80";

uint64_t HashOf(uint64_t seed, std::string_view purpose, std::string_view node, std::string_view a,
                std::string_view b) {
  const Digest digest =
      Sha256(Concat(seed, "/", purpose, "/", node.size(), "/", node, a.size(), "/", a, b));
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | digest.bytes[i];
  return value;
}

// In [0, 1), from the 53 bits that a double holds.
double Unit(uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

bool ForNode(const std::set<std::string>& nodes, const std::string& node) {
  return nodes.empty() || nodes.contains(node);
}

const std::string* TextFor(const CallRule& rule, const std::string& node) {
  auto text = rule.texts.find(node);
  if (text == rule.texts.end()) text = rule.texts.find("default");
  return text == rule.texts.end() ? nullptr : &text->second;
}

const CallRule* Choose(const std::vector<CallRule>& rules, const ModelCall& call,
                       const std::string& node) {
  for (const CallRule& rule : rules) {
    if (ForNode(rule.nodes, node) && rule.question.Matches(call.question)) return &rule;
  }
  return nullptr;
}

}  // namespace

bool TextMatch::Matches(std::string_view text) const {
  text = Trim(text);
  if (equals.has_value() && *equals != text) return false;
  if (contains.has_value() && LowerCase(text).find(LowerCase(*contains)) == std::string::npos)
    return false;
  return regex == nullptr || RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex);
}

std::chrono::milliseconds ScriptedDelay::At(double unit) const {
  double ms = first_ms;
  if (kind == Kind::kUniform) ms += (second_ms - first_ms) * unit;
  if (kind == Kind::kExponential) ms *= -std::log1p(-unit);
  return std::chrono::milliseconds(std::llround(ms));
}

Script Script::Constant(uint64_t seed) {
  Script script;
  script.seed = seed;
  CallRule answer;
  answer.texts["default"] = "This is the constant answer of a scripted model.";
  script.answers.push_back(std::move(answer));
  return script;
}

ScriptedReply Script::Reply(const ModelCall& call, const std::string& node) const {
  const bool judges = call.judge.has_value();
  const CallRule* rule = Choose(judges ? judging : answers, call, node);
  ScriptedReply reply;
  // A judge of single answers makes several calls a round: the first answer's text tells them
  // apart.
  const std::string_view what = judges ? call.judge->answers[0].text : std::string_view();
  const ScriptedDelay& chosen = rule != nullptr && rule->delay.has_value() ? *rule->delay : delay;
  reply.delay = chosen.At(
      Unit(HashOf(seed, judges ? "judge" : "answer", node, call.round.digest.View(), what)));
  Completion completion;
  completion.finish_reason = "stop";
  switch (rule != nullptr ? rule->failure : ScriptedFailure::kNone) {
    case ScriptedFailure::kError:
      reply.result = Failure(AbstainReason::kModelFailed,
                             rule->message.empty() ? "the script says: fail" : rule->message);
      return reply;
    case ScriptedFailure::kTimeout:
      reply.never = true;
      return reply;
    case ScriptedFailure::kGarbage:
      completion.text = kGarbage;
      break;
    case ScriptedFailure::kEmpty:
      break;
    case ScriptedFailure::kNone:
      if (judges) {
        completion.text = Marks(call, node);
        break;
      }
      const std::string* text = rule != nullptr ? TextFor(*rule, node) : nullptr;
      if (text == nullptr) {
        reply.result = Failure(AbstainReason::kModelFailed,
                               "the script has no answer to this question; a last rule without "
                               "\"question\" answers every other one");
        return reply;
      }
      completion.text = FillTemplate(*text, {{"node", node}, {"question", call.question}});
      completion.finish_reason = rule->finish_reason;
      break;
  }
  reply.result = std::move(completion);
  return reply;
}

std::string Script::Marks(const ModelCall& call, const std::string& node) const {
  nlohmann::json reply = nlohmann::json::object();
  for (const ShownAnswer& answer : call.judge->answers) {
    const ScoreRule* chosen = nullptr;
    for (const ScoreRule& rule : scores) {
      if (!ForNode(rule.nodes, node) || !rule.question.Matches(call.question) ||
          !rule.answer.Matches(answer.text)) {
        continue;
      }
      chosen = &rule;
      break;
    }
    auto& marks = reply[answer.id] = nlohmann::json::object();
    for (const std::string& criterion : call.judge->criteria) {
      if (chosen == nullptr || chosen->hash) {
        marks[criterion] = HashOf(seed, "marks", node, answer.text, criterion) % 21;
        continue;
      }
      auto points = chosen->points.find(criterion);
      if (points == chosen->points.end()) points = chosen->points.find("default");
      // Without either the reply lacks a mark, as a model's may, and is refused by the parser.
      if (points != chosen->points.end()) marks[criterion] = points->second;
    }
  }
  return reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace decentd::llm
