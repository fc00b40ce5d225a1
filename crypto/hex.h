// Hexadecimal text of fixed-size values. Pure functions, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace decentd {

// Lower-case digits. Takes the same time whatever the bytes are, so it may be used for secrets.
std::string HexOf(std::span<const uint8_t> bytes);

// Decodes exactly 2 * out.size() digits of either case; false, with `out` unspecified, otherwise.
bool DecodeHex(std::string_view hex, std::span<uint8_t> out);

// The value types of this folder are arrays of bytes that are made from raw bytes or from digits.
template <class Value>
std::optional<Value> ValueFromBytes(std::string_view raw) {
  if (raw.size() != Value::kSize) return std::nullopt;
  Value value;
  for (size_t i = 0; i < raw.size(); ++i) value.bytes[i] = static_cast<uint8_t>(raw[i]);
  return value;
}

template <class Value>
std::optional<Value> ValueFromHex(std::string_view hex) {
  Value value;
  if (!DecodeHex(hex, value.bytes)) return std::nullopt;
  return value;
}

}  // namespace decentd
