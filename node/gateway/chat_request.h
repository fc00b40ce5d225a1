// The bodies of POST /v1/chat/completions and POST /v1/rounds as what a Query carries to the
// agents. What a Query cannot carry is refused by name: an answer that ignored half of a request
// would look like one to all of it. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/core/message.h"
#include "node/core/roster.h"
#include "node/gateway/error_reply.h"

namespace decentd {

struct ChatRequest {
  std::string model;
  uint32_t committee = 0;  // that the model stands for
  std::vector<ChatMessage> messages;
  Sampling sampling;
  bool stream = false;
  bool include_usage = false;  // a last chunk with the usage
};

// `roster`: whose council is asked.
std::variant<ChatRequest, ApiError> ParseChatRequest(const Roster& roster, std::string_view body);
// The same without a stream; the model may be left out, and "question" stands for a single message.
std::variant<ChatRequest, ApiError> ParseRoundRequest(const Roster& roster, std::string_view body);

}  // namespace decentd
