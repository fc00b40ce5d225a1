#include "node/llm/openai_wire.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "curl/curl.h"
#include "nlohmann/json.hpp"
#include "node/llm/response_format.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr size_t kMaxErrorBytes = 300;

// The member at the end of the path, or null.
const Json* At(const Json& json, std::initializer_list<const char*> path) {
  const Json* at = &json;
  for (const char* name : path) {
    if (!at->is_object()) return nullptr;
    const auto member = at->find(name);
    if (member == at->end()) return nullptr;
    at = &*member;
  }
  return at;
}

std::string TextAt(const Json& json, std::initializer_list<const char*> path) {
  const Json* at = At(json, path);
  return at != nullptr && at->is_string() ? at->get<std::string>() : std::string();
}

std::optional<uint64_t> CountAt(const Json& json, std::initializer_list<const char*> path) {
  const Json* at = At(json, path);
  if (at == nullptr || !at->is_number_unsigned()) return std::nullopt;
  return at->get<uint64_t>();
}

std::optional<uint64_t> Cost(const OpenAiConfig& config, const Usage& usage) {
  if (!config.usd_per_million_prompt_tokens || !config.usd_per_million_completion_tokens ||
      !usage.prompt_tokens || !usage.completion_tokens) {
    return std::nullopt;
  }
  // Dollars for a million tokens are micro-dollars for one.
  const double cost =
      static_cast<double>(*usage.prompt_tokens) * *config.usd_per_million_prompt_tokens +
      static_cast<double>(*usage.completion_tokens) * *config.usd_per_million_completion_tokens;
  if (!(cost >= 0 && cost < 1e15)) return std::nullopt;
  return static_cast<uint64_t>(std::llround(cost));
}

CallFailure Unusable(std::string detail) {
  return Failure(AbstainReason::kReplyUnusable, std::move(detail));
}

std::string UrlPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string value = text;
  curl_free(text);
  return value;
}

}  // namespace

absl::StatusOr<std::string> ChatCompletionsUrl(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), curl_url_cleanup);
  if (parts == nullptr || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError(
        "url: expected an http or https address such as http://127.0.0.1:8080/v1");
  }
  const std::string scheme = UrlPart(parts.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return absl::InvalidArgumentError("url: expected an address that starts with http or https");
  }
  if (!UrlPart(parts.get(), CURLUPART_USER).empty() ||
      !UrlPart(parts.get(), CURLUPART_PASSWORD).empty()) {
    return absl::InvalidArgumentError(
        "url: expected no user name or password in the address; give the key as the API key");
  }
  std::string path = UrlPart(parts.get(), CURLUPART_PATH);
  while (path.ends_with('/')) path.pop_back();
  if (!path.ends_with("/chat/completions")) path += "/chat/completions";
  curl_url_set(parts.get(), CURLUPART_PATH, path.c_str(), 0);
  curl_url_set(parts.get(), CURLUPART_FRAGMENT, nullptr, 0);
  return UrlPart(parts.get(), CURLUPART_URL);
}

std::string ChatRequestBody(const OpenAiConfig& config, const ModelCall& call, bool with_schema) {
  // The order of a schema's properties is the order in which models write them.
  Ordered body = {{"model", config.model}, {"messages", Ordered::array()}, {"stream", false}};
  for (const ChatMessage& message : call.messages) {
    body["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  const Sampling& sampling = call.sampling;
  std::optional<uint32_t> max_tokens = sampling.max_tokens;
  std::optional<double> temperature = sampling.temperature;
  if (!call.judge.has_value()) {
    // What the operator allows bounds what a client asks for. A judge's bound follows from its
    // task.
    if (!max_tokens.has_value()) max_tokens = config.max_tokens;
    if (config.max_tokens.has_value()) max_tokens = std::min(*max_tokens, *config.max_tokens);
    if (!temperature.has_value()) temperature = config.temperature;
  }
  if (max_tokens.has_value()) body[config.max_tokens_field] = *max_tokens;
  if (temperature.has_value()) body["temperature"] = *temperature;
  if (sampling.top_p.has_value()) body["top_p"] = *sampling.top_p;
  if (const auto seed = sampling.seed.has_value() ? sampling.seed : config.seed) {
    body["seed"] = *seed;
  }
  if (!sampling.stop.empty()) body["stop"] = sampling.stop;
  if (auto format = ResponseFormat(sampling); !format.is_null()) {
    body["response_format"] = std::move(format);
  }
  if (call.judge.has_value() && with_schema) {
    body["response_format"] = {
        {"type", "json_schema"},
        {"json_schema",
         {{"name", "marks"},
          {"strict", true},
          {"schema", Ordered::parse(call.judge->schema)}}}};
  }
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

CallResult ParseChatReply(const OpenAiConfig& config, std::string_view body) {
  const Json reply = Json::parse(body, nullptr, false);
  if (reply.is_discarded()) {
    return Unusable("the model server's reply is not JSON in UTF-8: " + OneLine(body, 80));
  }
  const Json* choices = At(reply, {"choices"});
  if (choices == nullptr || !choices->is_array() || choices->empty()) {
    return Unusable("the model server's reply has no choices: " + ErrorMessage(body));
  }
  const Json& choice = choices->front();
  Completion completion;
  const Json* content = At(choice, {"message", "content"});
  if (content == nullptr || !content->is_string()) {
    const std::string refusal = TextAt(choice, {"message", "refusal"});
    return Unusable(refusal.empty()
                        ? "the model server's reply has no text at choices[0].message.content"
                        : "the model refused: " + OneLine(refusal, kMaxErrorBytes));
  }
  completion.text = content->get<std::string>();
  completion.finish_reason = TextAt(choice, {"finish_reason"});
  completion.model = TextAt(reply, {"model"});
  if (completion.model.empty()) completion.model = config.model;
  completion.usage.prompt_tokens = CountAt(reply, {"usage", "prompt_tokens"});
  completion.usage.completion_tokens = CountAt(reply, {"usage", "completion_tokens"});
  completion.usage.cost_micro_usd = Cost(config, completion.usage);
  return completion;
}

std::string ErrorMessage(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  for (const auto& path : {std::initializer_list<const char*>{"error", "message"},
                           {"error"},
                           {"message"},
                           {"detail"}}) {
    const std::string message = TextAt(json, path);
    if (!IsBlank(message)) return OneLine(message, kMaxErrorBytes);
  }
  return IsBlank(body) ? "no message" : OneLine(body, kMaxErrorBytes);
}

bool RefusesSchema(std::string_view body) {
  const std::string text = LowerCase(body.substr(0, 4096));
  for (const char* word :
       {"response_format", "json_schema", "structured output", "schema", "grammar"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace decentd::llm
