// The conversation of a request. Pure, thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "node/core/message.h"

namespace decentd {

// Of the body's "messages". Throws Refused (node/gateway/json_request.h) at the first problem.
std::vector<ChatMessage> ReadMessages(const nlohmann::json& body);

}  // namespace decentd
