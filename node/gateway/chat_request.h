// The body of POST /v1/chat/completions as what a Query carries to the agents. What a Query cannot
// carry is refused by name: an answer that ignored half of a request would look like one to all of
// it. Pure, thread-safe.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "node/core/message.h"
#include "node/gateway/error_reply.h"

namespace decentd {

inline constexpr char kModelName[] = "decent";

struct ChatRequest {
  std::vector<ChatMessage> messages;
  Sampling sampling;
  bool stream = false;
  bool include_usage = false;  // a last chunk with the usage
};

std::variant<ChatRequest, ApiError> ParseChatRequest(std::string_view body);

}  // namespace decentd
