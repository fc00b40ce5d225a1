// Small text helpers over std::string_view. Abseil's take their own string_view where it was built
// for C++14 (Debian 12), which does not convert from the standard one. Pure, thread-safe.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"

namespace decentd {

namespace text_internal {

inline void AppendPart(std::string& out, std::string_view part) { out.append(part); }
template <class Number>
requires(std::is_arithmetic_v<Number> && !std::same_as<Number, char> &&
         !std::same_as<Number,
                       bool>) void AppendPart(std::string& out,
                                              Number number) {  // the shortest text that reads back
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace text_internal

// Texts and numbers, one after the other.
template <class... Parts>
void Append(std::string& out, const Parts&... parts) {
  (text_internal::AppendPart(out, parts), ...);
}

template <class... Parts>
std::string Concat(const Parts&... parts) {
  std::string out;
  Append(out, parts...);
  return out;
}

template <class Texts>
std::string Join(const Texts& texts, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) out.append(separator);
    first = false;
    out.append(text);
  }
  return out;
}

// The pieces between separators, empty ones included; one piece at least.
std::vector<std::string_view> Split(std::string_view text, char separator);

// A whole number or a decimal, and nothing beside it; false, with `out` unspecified, otherwise.
template <class Number>
bool ParseNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Without white space around it.
std::string_view Trim(std::string_view text);
bool IsSpace(char c);

std::string MessageOf(const absl::Status& status);
// INVALID_ARGUMENT with these parts as its message.
template <class... Parts>
absl::Status InvalidArgument(const Parts&... parts) {
  return absl::InvalidArgumentError(Concat(parts...));
}

}  // namespace decentd
