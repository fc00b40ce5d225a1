// Requests and replies of OpenAI's /chat/completions, apart from any network. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/llm/backend.h"
#include "node/llm/backend_config.h"

namespace decentd::llm {

// The address that calls are posted to. INVALID_ARGUMENT when `url` is not an http or https address
// or carries a user name or password.
absl::StatusOr<std::string> ChatCompletionsUrl(const std::string& url);

// `with_schema`: ask by response_format for the form of a judge's reply.
std::string ChatRequestBody(const OpenAiConfig& config, const ModelCall& call, bool with_schema);

// The reply to a 200: unreadable ones are a failure. Unknown usage stays unknown; the cost follows
// from the configured prices.
CallResult ParseChatReply(const OpenAiConfig& config, std::string_view body);

// What the body of an error says, on one line of bounded length.
std::string ErrorMessage(std::string_view body);

// Whether a refusal (HTTP 400 or 422) is about the schema rather than about the prompt.
bool RefusesSchema(std::string_view body);

}  // namespace decentd::llm
