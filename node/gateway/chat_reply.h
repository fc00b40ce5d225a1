// A proven round as OpenAI's reply. Everything in it comes from the bundle that was verified. Pure,
// thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "node/gateway/error_reply.h"
#include "node/proof/verify.h"

namespace decentd {

// Of a decided round: the chat.completion object. `created`: in seconds since 1970.
std::string CompletionJson(const CheckedBundle& bundle, int64_t created);

// The same as events of chat.completion.chunk objects, up to "[DONE]".
std::string CompletionEvents(const CheckedBundle& bundle, int64_t created, bool include_usage);

// Of a round that failed as agreed: 502 with what was missing.
ApiError AgreedFailure(const CheckedBundle& bundle);

}  // namespace decentd
