// Care for text that comes from models, servers and programs. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace decentd::llm {

namespace internal {
template <class Part>
void AppendPart(std::string& text, const Part& part) {
  if constexpr (std::is_arithmetic_v<Part>) {
    text += std::to_string(part);
  } else if constexpr (requires { part.data(); }) {
    text.append(part.data(), part.size());  // Abseil's string_view may be a type of its own
  } else {
    text += part;
  }
}
}  // namespace internal

// Texts and numbers, one after the other.
template <class... Parts>
void Append(std::string& text, const Parts&... parts) {
  (internal::AppendPart(text, parts), ...);
}
template <class... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  Append(text, parts...);
  return text;
}

// Without the white space around it.
std::string_view Trim(std::string_view text);

// ASCII letters only.
std::string LowerCase(std::string_view text);

// Well-formed UTF-8 by the Unicode standard: no overlong forms, surrogates or beyond U+10FFFF.
bool IsValidUtf8(std::string_view text);

// The longest prefix of at most `limit` bytes that does not split a character.
std::string_view Utf8Prefix(std::string_view text, size_t limit);

// One line fit for a log and an Abstain's detail: control characters become spaces, bytes that are
// not UTF-8 become '?', and at most `limit` bytes remain.
std::string OneLine(std::string_view text, size_t limit);

// The end of `text` instead of its start.
std::string LastOneLine(std::string_view text, size_t limit);

bool IsBlank(std::string_view text);

// Replaces every occurrence of `secret` (no change when it is empty).
std::string Redact(std::string text, std::string_view secret);

}  // namespace decentd::llm
