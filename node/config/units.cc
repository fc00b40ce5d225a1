#include "node/config/units.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "node/config/text.h"
#include "node/core/limits.h"

namespace decentd {
namespace {

struct Unit {
  std::string_view name;
  uint64_t size;
};

constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{
    {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};

template <size_t kCount>
absl::StatusOr<uint64_t> ParseUnits(std::string_view text, const std::array<Unit, kCount>& units,
                                    std::string_view expected) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view number = text.substr(0, digits), name = text.substr(digits);
  uint64_t count = 0;
  if (digits == 0) {
    return InvalidArgument("expected ", expected);
  }
  if (name.empty()) {
    return InvalidArgument("the number ", text, " has no unit; expected ", expected);
  }
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (!ParseNumber(number, count) || count > std::numeric_limits<uint64_t>::max() / unit.size) {
      return InvalidArgument(text, " is too large; expected ", expected);
    }
    return count * unit.size;
  }
  return InvalidArgument("unknown unit '", name, "'; expected ", expected);
}

template <size_t kCount>
std::string FormatUnits(uint64_t value, const std::array<Unit, kCount>& units) {
  for (const Unit& unit : units) {
    if (value >= unit.size && value % unit.size == 0) {
      return Concat(value / unit.size, unit.name);
    }
  }
  return Concat(value, units.back().name);
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool IsIpv6Character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
         c == '.';
}

// Levenshtein's distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

absl::StatusOr<uint64_t> ParseDuration(std::string_view text) {
  return ParseUnits(text, kDurations, "a duration with its unit, such as 500ms, 30s, 2m, 1h or 7d");
}

std::string FormatDuration(uint64_t milliseconds) {
  return milliseconds == 0 ? "0s" : FormatUnits(milliseconds, kDurations);
}

absl::StatusOr<uint64_t> ParseSize(std::string_view text) {
  return ParseUnits(text, kSizes, "a size with its unit, such as 4096B, 64KiB, 1MiB or 2GiB");
}

std::string FormatSize(uint64_t bytes) { return FormatUnits(bytes, kSizes); }

absl::StatusOr<HostPort> ParseHostPort(std::string_view text, bool allow_any_port) {
  const absl::Status expected = InvalidArgument(
      "'", text.substr(0, 80),
      "' is not an address; expected host:port or [IPv6]:port, such as node.example.org:7400");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > 300) return expected;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > 253 ||
      !std::all_of(host.begin(), host.end(), bracketed ? IsIpv6Character : IsHostCharacter) ||
      (bracketed && host.find(':') == std::string_view::npos)) {
    return expected;
  }
  uint32_t number = 0;
  const bool digits =
      !port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || port.size() > 5 || (port.size() > 1 && port[0] == '0') ||
      !ParseNumber(port, number) || number > 65535 || (number == 0 && !allow_any_port)) {
    return InvalidArgument("'", text, "' has no usable port; expected ", allow_any_port ? "0" : "1",
                           " to 65535");
  }
  return HostPort{std::string(host), static_cast<uint16_t>(number)};
}

std::string FormatHostPort(const HostPort& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return Concat(ipv6 ? "[" : "", address.host, ipv6 ? "]" : "", ":", address.port);
}

bool IsLoopback(std::string_view host) {
  const bool dotted = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || (dotted && host.starts_with("127."));
}

absl::Status CheckNodeName(std::string_view name) {
  const bool valid =
      !name.empty() && name.size() <= limits::kMaxNodeNameBytes &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos;
  if (valid) return absl::OkStatus();
  return InvalidArgument("expected a node's name of 1 to ", limits::kMaxNodeNameBytes,
                         " characters of a-z, 0-9, '-', '_' and '.'");
}

absl::Status CheckLabel(std::string_view label) {
  const bool printable =
      std::all_of(label.begin(), label.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (printable && label.size() <= limits::kMaxLabelBytes) return absl::OkStatus();
  return InvalidArgument("expected at most ", limits::kMaxLabelBytes,
                         " printable ASCII characters");
}

std::string_view NearestWord(std::string_view word,
                             const std::vector<std::string_view>& candidates) {
  std::string_view nearest;
  if (word.size() > 64) return nearest;
  size_t least = word.size() + 1;
  for (std::string_view candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    const size_t likely = std::max<size_t>(2, std::max(word.size(), candidate.size()) / 3);
    if (distance <= likely && distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace decentd
