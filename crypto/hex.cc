#include "crypto/hex.h"

#include <sodium.h>

namespace decentd {

std::string HexOf(std::span<const uint8_t> bytes) {
  // sodium_bin2hex also writes a terminating zero.
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.resize(bytes.size() * 2);
  return text;
}

bool DecodeHex(std::string_view hex, std::span<uint8_t> out) {
  if (hex.size() != out.size() * 2) return false;
  if (out.empty()) return true;
  size_t length = 0;
  const char* end = nullptr;
  return sodium_hex2bin(out.data(), out.size(), hex.data(), hex.size(), nullptr, &length, &end) ==
             0 &&
         length == out.size() && end == hex.data() + hex.size();
}

}  // namespace decentd
