#include "node/llm/text.h"

#include <cstdint>

namespace decentd::llm {
namespace {

// Length of the well-formed character at the start of `text`, or 0.
size_t CharacterLength(std::string_view text) {
  auto byte = [&](size_t i) -> uint8_t {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
  };
  auto follows = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const uint8_t low = first == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const uint8_t low = first == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

}  // namespace

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view Utf8Prefix(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && IsContinuation(text[limit])) --limit;
  return text.substr(0, limit);
}

std::string OneLine(std::string_view text, size_t limit) {
  std::string line;
  while (!text.empty() && line.size() < limit) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      line += '?';
      text.remove_prefix(1);
      continue;
    }
    const auto first = static_cast<uint8_t>(text[0]);
    // U+0080 to U+009F are control characters too.
    const bool control =
        first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<uint8_t>(text[1]) < 0xA0);
    if (!control && line.size() + length > limit) break;
    if (!control) {
      line += text.substr(0, length);
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
    text.remove_prefix(length);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string LastOneLine(std::string_view text, size_t limit) {
  if (text.size() > limit) {
    text.remove_prefix(text.size() - limit);
    while (!text.empty() && IsContinuation(text[0])) text.remove_prefix(1);
  }
  return OneLine(text, limit);
}

bool IsBlank(std::string_view text) { return Trim(text).empty(); }

std::string Redact(std::string text, std::string_view secret) {
  constexpr std::string_view kInstead = "[secret]";
  if (secret.empty()) return text;
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), kInstead);
    at += kInstead.size();
  }
  return text;
}

}  // namespace decentd::llm
