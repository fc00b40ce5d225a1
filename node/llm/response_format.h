// What a question asks of the form of its answer, for a backend to pass on.
#pragma once

#include "nlohmann/json.hpp"
#include "node/core/message.h"

namespace decentd::llm {

// With its properties in the order in which they were sent, for in that order models write them.
// Null where nothing is asked, and for what is no JSON object or larger than node/core/limits.h
// allows: anybody may send that past a gateway.
nlohmann::ordered_json ResponseFormat(const Sampling& sampling);

}  // namespace decentd::llm
