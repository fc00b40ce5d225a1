// The council's own account of a proven round: who answered and scored, what the scores came to,
// who disagreed, and what it cost. Everything in it comes from the bundle that was verified. Pure,
// thread-safe.
#pragma once

#include <nlohmann/json.hpp>

#include "node/proof/verify.h"

namespace decentd {

// The object "decent" of docs/API.md. Its "usage" is OpenAI's, summed over the agents; what an
// agent does not say of tokens or money is unknown, never nothing.
nlohmann::ordered_json DecentJson(const CheckedBundle& bundle);

}  // namespace decentd
