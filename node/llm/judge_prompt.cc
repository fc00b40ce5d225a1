#include "node/llm/judge_prompt.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"
#include "node/core/limits.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr size_t kFenceDigits = 8;  // few, because small models split them into as many tokens
constexpr size_t kMaxRepeatedReplyBytes = 2000;  // enough for the model to see what it said

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xFF);
  }
  return out;
}

std::string Seed(std::string_view domain, const RoundId& round, NodeIndex evaluator) {
  return Concat(domain, std::string(1, '\0'), round.digest.View(), BigEndian(evaluator.value, 2));
}

// Unpredictable without the seed, the same everywhere: SHA-256 in counter mode.
class Sha256Stream {
 public:
  explicit Sha256Stream(std::string seed) : seed_(std::move(seed)) {}

  // Uniform below `bound` (> 0): values of the last, incomplete span are drawn again.
  uint64_t Below(uint64_t bound) {
    const uint64_t excess = (std::numeric_limits<uint64_t>::max() % bound + 1) % bound;
    uint64_t value;
    do {
      value = Next();
    } while (value > std::numeric_limits<uint64_t>::max() - excess);
    return value % bound;
  }

 private:
  uint64_t Next() {
    const Digest block = Sha256(seed_ + BigEndian(counter_++, 8));
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | block.bytes[i];
    return value;
  }

  std::string seed_;
  uint64_t counter_ = 0;
};

std::string Words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string Fenced(const std::string& fence, std::string_view name, std::string_view text) {
  return Concat("<<<BEGIN ", fence, " ", name, ">>>\n", text, "\n<<<END ", fence, " ", name, ">>>");
}

// The conversation as one text. Of a longer one the end is kept: it holds what is asked.
std::string Conversation(const std::vector<ChatMessage>& messages, size_t limit) {
  std::string text;
  if (messages.size() == 1) {
    text = messages[0].content;
  } else {
    for (const ChatMessage& message : messages) {
      Append(text, text.empty() ? "" : "\n\n", "[", message.role, "]\n", message.content);
    }
  }
  if (text.size() <= limit) return text;
  size_t start = text.size() - limit;
  while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) ++start;
  return Concat("[the start is left out]\n", text.substr(start));
}

}  // namespace

std::vector<size_t> JudgeOrder(const RoundId& round, NodeIndex evaluator, size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  Sha256Stream stream(Seed("decentd/judge-order", round, evaluator));
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[stream.Below(i)]);
  return order;
}

std::string JudgeFence(const RoundId& round, NodeIndex evaluator,
                       const std::vector<std::string>& texts) {
  std::string seed = Seed("decentd/judge-fence", round, evaluator);
  for (const std::string& text : texts) seed += Sha256(text).View();
  while (true) {
    const Digest digest = Sha256(seed);
    std::string fence = digest.Hex().substr(0, kFenceDigits);
    const bool used = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
      return text.find(fence) != std::string::npos;
    });
    if (!used) return fence;
    seed = digest.View();
  }
}

std::vector<std::string> FitTexts(std::vector<std::string> texts, size_t budget) {
  std::vector<size_t> by_size(texts.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::sort(by_size.begin(), by_size.end(),
            [&](size_t a, size_t b) { return texts[a].size() < texts[b].size(); });
  size_t left = by_size.size();
  for (size_t i : by_size) {
    const size_t share = budget / left--;  // what short texts leave, longer ones may use
    if (texts[i].size() > share) {
      texts[i] = Concat(Utf8Prefix(texts[i], share), "\n[the rest is left out]");
      budget -= share;
    } else {
      budget -= texts[i].size();
    }
  }
  return texts;
}

std::string JudgeSchema(const std::vector<std::string>& ids, size_t criteria) {
  const OrderedJson marks = {
      {"type", "array"},
      {"items", {{"type", "integer"}, {"minimum", 0}, {"maximum", limits::kMaxScore / 1000}}},
      {"minItems", criteria},
      {"maxItems", criteria}};
  OrderedJson schema = {{"type", "object"},
                        {"properties", OrderedJson::object()},
                        {"required", ids},
                        {"additionalProperties", false}};
  for (const std::string& id : ids) schema["properties"][id] = marks;
  return schema.dump();
}

JudgePrompt MakeJudgePrompt(const PromptSet& prompts, const JudgeSettings& settings,
                            const JudgeRequest& request, size_t answers_bytes) {
  JudgePrompt prompt;
  const size_t count = request.answers.size();
  prompt.order = JudgeOrder(request.round, request.evaluator, count);
  std::vector<std::string> texts;
  for (size_t index : prompt.order) texts.push_back(request.answers[index].text);
  texts = FitTexts(std::move(texts), answers_bytes);
  prompt.task.question = Conversation(request.messages, answers_bytes);
  prompt.task.criteria = request.criteria;
  texts.push_back(prompt.task.question);
  const std::string fence = JudgeFence(request.round, request.evaluator, texts);
  texts.pop_back();

  std::vector<std::string> ids;
  std::string answers;
  for (size_t i = 0; i < count; ++i) {
    ids.push_back(Concat("A", i + 1));
    Append(answers, i == 0 ? "" : "\n", Fenced(fence, ids[i], texts[i]));
    prompt.task.answers.push_back({ids[i], std::move(texts[i])});
  }
  prompt.task.schema = JudgeSchema(ids, request.criteria.size());

  std::string criteria, marks;
  for (size_t i = 0; i < request.criteria.size(); ++i) {
    const std::string& criterion = request.criteria[i];
    const auto meaning = prompts.criteria.find(criterion);
    Append(criteria, i == 0 ? "" : "\n", "- ", criterion, ": ",
           meaning != prompts.criteria.end() ? meaning->second
                                             : Concat("20 = best in ", Words(criterion)));
    Append(marks, i == 0 ? "[" : ", ", "N");
  }
  marks += "]";
  for (const std::string& id : ids) {
    Append(prompt.form, prompt.form.empty() ? "{" : ", ", "\"", id, "\": ", marks);
  }
  prompt.form += "}";

  prompt.messages = {{"system", FillTemplate(prompts.system, {{"fence", fence}})},
                     {"user", FillTemplate(count == 1 ? prompts.one_answer : prompts.all_answers,
                                           {{"question", Fenced(fence, "Q", prompt.task.question)},
                                            {"answers", std::move(answers)},
                                            {"criteria", std::move(criteria)},
                                            {"count", std::to_string(count)},
                                            {"form", prompt.form}})}};
  prompt.max_tokens = static_cast<uint32_t>(std::min<uint64_t>(
      uint64_t{count} * request.criteria.size() * settings.tokens_per_score + settings.extra_tokens,
      std::numeric_limits<int32_t>::max()));
  return prompt;
}

std::vector<ChatMessage> MakeRepairPrompt(const PromptSet& prompts, const JudgePrompt& first,
                                          std::string_view reply, std::string_view problem) {
  std::vector<ChatMessage> messages = first.messages;
  std::string_view shown = Utf8Prefix(reply, kMaxRepeatedReplyBytes);
  // Some servers refuse empty messages, and JSON cannot carry bytes that are not UTF-8.
  messages.push_back(
      {"assistant", IsBlank(shown) || !IsValidUtf8(shown) ? "(unreadable)" : std::string(shown)});
  messages.push_back({"user", FillTemplate(prompts.repair, {{"problem", std::string(problem)},
                                                            {"form", first.form}})});
  return messages;
}

}  // namespace decentd::llm
