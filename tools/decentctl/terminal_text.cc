#include "tools/decentctl/terminal_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace decentd {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// The next code point and how many bytes it took; U+FFFD and one byte where it is no UTF-8.
std::pair<char32_t, size_t> Next(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {kReplacement, 1};
  char32_t code = first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return {kReplacement, 1};
  }
  return {code, length};
}

void Append(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

struct Range {
  char32_t first, last;
};

template <size_t kSize>
bool In(const std::array<Range, kSize>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& r) { return r.first <= code && code <= r.last; });
}

// C1 controls (some terminals take U+009B as an escape sequence), and what reorders, joins or
// hides text so that a reader sees something else than what is there.
constexpr std::array<Range, 9> kHidden = {{{0x80, 0x9F},
                                           {0x061C, 0x061C},
                                           {0x200B, 0x200B},
                                           {0x200E, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2060, 0x206F},
                                           {0xFEFF, 0xFEFF},
                                           {0xFFF9, 0xFFFB},
                                           {0xE0000, 0xE007F}}};
// Combining marks and joiners take no column of their own.
constexpr std::array<Range, 11> kZeroWidth = {{{0x0300, 0x036F},
                                               {0x0483, 0x0489},
                                               {0x0591, 0x05BD},
                                               {0x064B, 0x065F},
                                               {0x093C, 0x093C},
                                               {0x0E34, 0x0E3A},
                                               {0x1AB0, 0x1AFF},
                                               {0x1DC0, 0x1DFF},
                                               {0x200C, 0x200D},
                                               {0x20D0, 0x20FF},
                                               {0xFE00, 0xFE0F}}};
// East Asian wide characters and emoji take two.
constexpr std::array<Range, 12> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0xA4CF},
                                          {0xA960, 0xA97C},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};

size_t Width(char32_t code) { return In(kZeroWidth, code) ? 0 : In(kWide, code) ? 2 : 1; }

}  // namespace

std::string PrintableText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code, length] = Next(text);
    text.remove_prefix(length);
    if (code == '\r') {
      if (text.empty() || text.front() != '\n') out += '\n';
    } else if (code == '\n' || code == '\t') {
      out += static_cast<char>(code);
    } else if (code < 0x20) {
      Append(out, 0x2400 + code);  // the symbol for it: ␛ for ESC
    } else if (code == 0x7F) {
      Append(out, 0x2421);
    } else if (code == 0x2028 || code == 0x2029) {
      out += '\n';
    } else if (In(kHidden, code)) {
      absl::StrAppendFormat(&out, "<U+%04X>", static_cast<uint32_t>(code));
    } else {
      Append(out, code);
    }
  }
  return out;
}

std::string PrintableLine(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : PrintableText(text)) {
    if (c == ' ' || c == '\n' || c == '\t') {
      space = !out.empty();
      continue;
    }
    if (std::exchange(space, false)) out += ' ';
    out += c;
  }
  return out;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto [code, length] = Next(text);
    if (code == kReplacement && length == 1) return false;
    text.remove_prefix(length);
  }
  return true;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const auto [code, length] = Next(text);
    width += Width(code);
    text.remove_prefix(length);
  }
  return width;
}

std::string Shorten(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const auto [code, length] = Next(text);
    if (used + Width(code) > width - 1) break;
    used += Width(code);
    out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out + "…";
}

std::string DurationText(absl::Duration duration) {
  const int64_t ms = std::max<int64_t>(absl::ToInt64Milliseconds(duration), 0);
  if (ms < 1'000) return absl::StrCat(ms, " ms");
  if (ms < 59'950) return absl::StrFormat("%.1f s", static_cast<double>(ms) / 1'000);
  const int64_t seconds = (ms + 500) / 1'000;
  if (seconds < 3'600) return absl::StrFormat("%d min %02d s", seconds / 60, seconds % 60);
  return absl::StrFormat("%d h %02d min", seconds / 3'600, seconds / 60 % 60);
}

std::string FormatMicroPoints(int64_t micro) {
  // In integers and rounded down, as the score itself: no score looks better than it is.
  const int64_t hundredths = std::max<int64_t>(micro, 0) / 10'000;
  return absl::StrFormat("%d.%02d", hundredths / 100, hundredths % 100);
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

std::string TimeText(int64_t unix_ms) {
  if (unix_ms == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMillis(unix_ms),
                          absl::LocalTimeZone());
}

std::string FormatCount(uint64_t count, std::string_view noun) {
  return absl::StrCat(count, " ", std::string(noun), count == 1 ? "" : "s");
}

std::string FormatOptional(const std::optional<uint64_t>& value) {
  return value ? absl::StrCat(*value) : "-";
}

absl::StatusOr<absl::Duration> ParseTimeout(const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration <= absl::ZeroDuration() ||
      duration > absl::Hours(24 * 365)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", PrintableLine(text), "\" is no duration: expected a number with its unit, as 90s, ",
        "5m or 1h30m"));
  }
  return duration;
}

}  // namespace decentd
