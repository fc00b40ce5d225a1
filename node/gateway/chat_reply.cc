#include "node/gateway/chat_reply.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "node/gateway/decent_json.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

const Answer& Winner(const CheckedBundle& bundle) {
  const NodeIndex author = bundle.input->answers[bundle.aggregate->ranking.front()].author;
  for (const auto& [node, propose] : bundle.answers) {
    if (node == author) return std::get<Answer>(propose.payload);
  }
  static const Answer kNone;  // never: the verifier built the input from these answers
  return kNone;
}

// Only what OpenAI's clients know; agents without tools cannot end for another reason.
std::string FinishReason(const Answer& answer) {
  for (const std::string_view known : {"length", "content_filter"}) {
    if (answer.finish_reason == known) return answer.finish_reason;
  }
  return "stop";
}

Json Head(const CheckedBundle& bundle, const ChatCompletion& of, const char* object) {
  return {{"id", absl::StrCat("chatcmpl-", bundle.round.Hex())},
          {"object", object},
          {"created", of.created},
          {"model", of.model}};
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string CompletionJson(const CheckedBundle& bundle, const ChatCompletion& of) {
  const Answer& answer = Winner(bundle);
  Json json = Head(bundle, of, "chat.completion");
  json["choices"] = Json::array(
      {{{"index", 0},
        {"message", {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}}},
        {"logprobs", nullptr},
        {"finish_reason", FinishReason(answer)}}});
  Json decent = DecentJson(bundle);
  json["usage"] = decent["usage"];
  json["decent"] = std::move(decent);
  return absl::StrCat(Dump(json), "\n");
}

std::string CompletionEvents(const CheckedBundle& bundle, const ChatCompletion& of,
                             bool include_usage) {
  const Answer& answer = Winner(bundle);
  std::string events;
  const auto add = [&](Json json, Json usage) {
    if (include_usage) json["usage"] = std::move(usage);
    absl::StrAppend(&events, "data: ", Dump(json), "\n\n");
  };
  const auto chunk = [&](Json delta, Json finish_reason) {
    Json json = Head(bundle, of, "chat.completion.chunk");
    json["choices"] = Json::array({{{"index", 0},
                                    {"delta", std::move(delta)},
                                    {"logprobs", nullptr},
                                    {"finish_reason", std::move(finish_reason)}}});
    return json;
  };
  add(chunk({{"role", "assistant"}, {"content", ""}}, nullptr), nullptr);
  add(chunk({{"content", answer.text}}, nullptr), nullptr);
  Json last = chunk(Json::object(), FinishReason(answer));
  const Json decent = DecentJson(bundle);
  last["decent"] = decent;
  add(std::move(last), nullptr);
  if (include_usage) {
    Json usage = Head(bundle, of, "chat.completion.chunk");
    usage["choices"] = Json::array();
    add(std::move(usage), decent["usage"]);
  }
  absl::StrAppend(&events, "data: [DONE]\n\n");
  return events;
}

ApiError AgreedFailure(const CheckedBundle& bundle) {
  const bool answers = bundle.verdict.outcome == Outcome::kTooFewAnswers;
  ApiError error{.status = 502, .type = "server_error"};
  error.code = std::string(OutcomeName(bundle.verdict.outcome));
  error.round = bundle.round;
  error.message = absl::StrCat("the council agreed that the round failed: ",
                               answers ? bundle.verdict.answer_count : bundle.verdict.sheet_count,
                               " usable ", answers ? "answers" : "score sheets", ", ",
                               bundle.roster.minimum(answers ? Phase::kAnswer : Phase::kSheet),
                               " needed (round ", bundle.round.Hex(), ")");
  return error;
}

}  // namespace decentd
