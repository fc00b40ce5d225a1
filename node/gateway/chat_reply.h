// A proven round as OpenAI's reply. Everything in it comes from the bundle that was verified. Pure,
// thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "node/gateway/error_reply.h"
#include "node/proof/verify.h"

namespace decentd {

struct ChatCompletion {
  std::string model;    // as it was asked for
  int64_t created = 0;  // seconds since 1970
};

// Of a decided round: the chat.completion object.
std::string CompletionJson(const CheckedBundle& bundle, const ChatCompletion& of);

// The same as events of chat.completion.chunk objects, up to "[DONE]".
std::string CompletionEvents(const CheckedBundle& bundle, const ChatCompletion& of,
                             bool include_usage);

// Of a round that failed as agreed: 502 with what was missing.
ApiError AgreedFailure(const CheckedBundle& bundle);

}  // namespace decentd
