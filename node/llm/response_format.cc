#include "node/llm/response_format.h"

#include "node/core/limits.h"

namespace decentd::llm {
namespace {

using Event = nlohmann::json::parse_event_t;

// An ordered object looks through all its properties for each new one: their number is looked at
// before one is built.
bool IsBounded(const std::string& text) {
  bool bounded = true;
  size_t properties = 0;
  const auto look = [&](int depth, Event event, const nlohmann::json&) {
    if (event == Event::key) ++properties;
    bounded = bounded && depth <= limits::kMaxResponseFormatDepth &&
              properties <= limits::kMaxResponseFormatProperties;
    return false;  // builds nothing
  };
  [[maybe_unused]] const auto nothing = nlohmann::json::parse(text, look, false);
  return bounded;
}

}  // namespace

nlohmann::ordered_json ResponseFormat(const Sampling& sampling) {
  if (sampling.response_format.empty() || !IsBounded(sampling.response_format)) return nullptr;
  auto format = nlohmann::ordered_json::parse(sampling.response_format, nullptr, false);
  return format.is_object() ? format : nullptr;
}

}  // namespace decentd::llm
