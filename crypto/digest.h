// SHA-256 digests, the only hash of the protocol (docs/SPEC.md, section 2). Values, thread-safe.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace decentd {

struct Digest {
  static constexpr size_t kSize = 32;
  std::array<uint8_t, kSize> bytes{};

  friend auto operator<=>(const Digest&, const Digest&) = default;

  std::string_view View() const { return {reinterpret_cast<const char*>(bytes.data()), kSize}; }
  std::string Hex() const;

  // From exactly 32 raw bytes, or nothing.
  static std::optional<Digest> FromBytes(std::string_view raw);
  // From exactly 64 hexadecimal digits of either case, or nothing.
  static std::optional<Digest> FromHex(std::string_view hex);
};

Digest Sha256(std::string_view data);

}  // namespace decentd
