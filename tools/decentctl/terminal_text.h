// Text for people: what strangers wrote made safe to print, widths, and numbers in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace decentd {

// A model's or a peer's text, safe on a terminal: control characters, escape sequences and the
// marks that reorder or hide text become visible, bytes that are not UTF-8 become U+FFFD. Line
// breaks and tabs stay; a line break of any kind becomes '\n'.
std::string PrintableText(std::string_view text);
// The same on one line: runs of white space become one space, none at the ends.
std::string PrintableLine(std::string_view text);

bool IsUtf8(std::string_view text);

// Columns that UTF-8 text takes on a terminal; REQUIRES: made by one of the above.
size_t DisplayWidth(std::string_view text);
// At most `width` columns; ends in "…" where something was cut.
std::string Shorten(std::string_view text, size_t width);

std::string DurationText(absl::Duration duration);               // "850 ms", "12.3 s", "2 min 05 s"
std::string FormatMicroPoints(int64_t micro);                    // "17.42", of 20
std::string FormatBytes(uint64_t bytes);                         // "812 B", "1.5 KiB", "3.0 MiB"
std::string TimeText(int64_t unix_ms);                           // local time, or "-" for 0
std::string FormatCount(uint64_t count, std::string_view noun);  // "1 node", "3 nodes"
// Absent = unknown.
std::string FormatOptional(const std::optional<uint64_t>& value);

// "90s", "5m", "1h30m". INVALID_ARGUMENT says what was expected; never zero, negative or infinite.
absl::StatusOr<absl::Duration> ParseTimeout(const std::string& text);

}  // namespace decentd
