#include "node/llm/answering.h"

#include <utility>

#include "node/core/limits.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

// What a payload holds beside the text: names, token counts, the slot and its framing.
constexpr size_t kPayloadMargin = 4096;
constexpr size_t kMaxAnswerBytes = limits::kMaxPayloadBytes - kPayloadMargin;
constexpr size_t kMaxFinishReasonBytes = 64;

}  // namespace

std::string LastQuestion(const std::vector<ChatMessage>& messages) {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (message->role == "user") return std::string(Trim(message->content));
  }
  return messages.empty() ? "" : std::string(Trim(messages.back().content));
}

ModelCall MakeAnswerCall(AnswerRequest request, const std::string& system_prompt) {
  ModelCall call;
  call.round = request.round;
  call.question = LastQuestion(request.messages);
  call.messages = std::move(request.messages);
  call.sampling = std::move(request.sampling);
  if (!system_prompt.empty() && (call.messages.empty() || call.messages[0].role != "system")) {
    call.messages.insert(call.messages.begin(), {"system", system_prompt});
  }
  return call;
}

std::variant<Answer, Abstain> FinishAnswer(CallResult result) {
  if (auto* failure = std::get_if<CallFailure>(&result)) {
    return Bounded(std::move(failure->abstain));
  }
  auto& completion = std::get<Completion>(result);
  if (!IsValidUtf8(completion.text)) {
    return Abstain{AbstainReason::kReplyUnusable, "the model's answer is not valid UTF-8"};
  }
  if (IsBlank(completion.text)) {
    return Abstain{AbstainReason::kReplyUnusable, "the model's answer is empty"};
  }
  if (completion.text.size() > kMaxAnswerBytes) {
    return Abstain{AbstainReason::kReplyUnusable,
                   Concat("the model's answer is ", completion.text.size(), " bytes long; at most ",
                          kMaxAnswerBytes, " fit")};
  }
  return Answer{std::move(completion.text), BoundedName(completion.model),
                OneLine(completion.finish_reason, kMaxFinishReasonBytes), completion.usage};
}

Abstain Bounded(Abstain abstain) {
  abstain.detail = OneLine(abstain.detail, limits::kMaxAbstainDetailBytes);
  return abstain;
}

std::string BoundedName(std::string_view name) { return OneLine(name, limits::kMaxModelNameBytes); }

}  // namespace decentd::llm
