// How much a response_format may hold. It is JSON from strangers that each answering node writes out
// anew: what is nested without a bound exhausts its stack.
#pragma once

#include <cstddef>

namespace decentd::limits {

inline constexpr int kMaxResponseFormatDepth = 64;
inline constexpr size_t kMaxResponseFormatProperties = 5'000;  // as many as OpenAI takes in a schema

}  // namespace decentd::limits
