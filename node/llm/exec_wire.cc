#include "node/llm/exec_wire.h"

#include <optional>
#include <utility>

#include "nlohmann/json.hpp"
#include "node/llm/response_format.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxErrorBytes = 300;

Json SamplingJson(const Sampling& sampling) {
  Json json = Json::object();
  if (sampling.max_tokens.has_value()) json["max_tokens"] = *sampling.max_tokens;
  if (sampling.temperature.has_value()) json["temperature"] = *sampling.temperature;
  if (sampling.top_p.has_value()) json["top_p"] = *sampling.top_p;
  if (sampling.seed.has_value()) json["seed"] = *sampling.seed;
  if (!sampling.stop.empty()) json["stop"] = sampling.stop;
  if (Json format = ResponseFormat(sampling); !format.is_null()) {
    json["response_format"] = std::move(format);
  }
  return json;
}

std::string Text(const Json& reply, const char* name) {
  const auto member = reply.find(name);
  return member != reply.end() && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<uint64_t> Count(const Json& usage, const char* name) {
  const auto member = usage.find(name);
  if (member == usage.end() || !member->is_number_unsigned()) return std::nullopt;
  return member->get<uint64_t>();
}

CallFailure Unusable(std::string_view expected, std::string_view output) {
  return Failure(AbstainReason::kReplyUnusable,
                 Concat("the model program's output is ", expected, ": ", OneLine(output, 80)));
}

}  // namespace

std::string ExecRequest(const ModelCall& call) {
  Json request = {{"type", call.judge.has_value() ? "judge" : "answer"},
                  {"round", call.round.Hex()},
                  {"messages", Json::array()},
                  {"sampling", SamplingJson(call.sampling)}};
  for (const ChatMessage& message : call.messages) {
    request["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  if (call.judge.has_value()) {
    request["question"] = call.judge->question;
    request["answers"] = Json::array();
    for (const ShownAnswer& answer : call.judge->answers) {
      request["answers"].push_back({{"id", answer.id}, {"text", answer.text}});
    }
    request["criteria"] = call.judge->criteria;
    request["schema"] = Json::parse(call.judge->schema, nullptr, false);
  }
  return request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

CallResult ParseExecReply(std::string_view output, const ModelCall& call,
                          const std::string& model) {
  if (IsBlank(output)) return Unusable("empty; expected a JSON object", output);
  const Json reply = Json::parse(output, nullptr, false);
  if (!reply.is_object()) return Unusable("not a JSON object in UTF-8", output);
  if (const auto error = reply.find("error"); error != reply.end()) {
    return Failure(AbstainReason::kModelFailed,
                   Concat("the model program reports: ",
                          OneLine(error->is_string() ? error->get_ref<const std::string&>()
                                                     : std::string("an error without a text"),
                                  kMaxErrorBytes)));
  }
  const auto text = reply.find("text");
  const bool has_text = text != reply.end() && text->is_string();
  if (!has_text && !call.judge.has_value()) return Unusable("without a \"text\"", output);
  Completion completion;
  // Marks are looked for by the same parser as in a model's own words.
  completion.text = has_text ? text->get<std::string>() : std::string(output);
  completion.model = Text(reply, "model");
  if (completion.model.empty()) completion.model = model;
  completion.finish_reason = Text(reply, "finish_reason");
  if (completion.finish_reason.empty()) completion.finish_reason = "stop";
  if (const auto usage = reply.find("usage"); usage != reply.end() && usage->is_object()) {
    completion.usage.prompt_tokens = Count(*usage, "prompt_tokens");
    completion.usage.completion_tokens = Count(*usage, "completion_tokens");
    completion.usage.cost_micro_usd = Count(*usage, "cost_micro_usd");
  }
  return completion;
}

}  // namespace decentd::llm
