// How configuration writes durations, sizes, addresses and names. Pure functions, thread-safe.
// Errors are INVALID_ARGUMENT and say what was expected, without naming a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace decentd {

// "500ms", "30s", "2m", "1h" or "7d" in milliseconds. A number without a unit is an error.
absl::StatusOr<uint64_t> ParseDuration(std::string_view text);
// The shortest text that ParseDuration reads back: 120000 is "2m", 1500 is "1500ms".
std::string FormatDuration(uint64_t milliseconds);

// "4096B", "64KiB", "1MiB" or "2GiB" in bytes. A number without a unit is an error.
absl::StatusOr<uint64_t> ParseSize(std::string_view text);
std::string FormatSize(uint64_t bytes);

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  uint16_t port = 0;
};

// "host:port" or "[IPv6]:port". Port 0 ("any free one") only where `allow_any_port`.
absl::StatusOr<HostPort> ParseHostPort(std::string_view text, bool allow_any_port = false);
std::string FormatHostPort(const HostPort& address);

// Whether only this machine reaches an address: localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(std::string_view host);

// A node's name: 1 to 64 of a-z, 0-9, '-', '_' and '.'.
absl::Status CheckNodeName(std::string_view name);
// An owner or model family: at most 128 printable ASCII characters, may be empty.
absl::Status CheckLabel(std::string_view label);

// The candidate that a mistyped word most likely meant, or empty.
std::string_view NearestWord(std::string_view word,
                             const std::vector<std::string_view>& candidates);

}  // namespace decentd
