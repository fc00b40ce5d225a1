// The project's own fixed encodings (docs/SPEC.md, section 2): big-endian integers and
// length-prefixed strings, for the few things of which every node must make equal bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace decentd {

class ByteWriter {
 public:
  void U8(uint8_t v) { BigEndian(v, 1); }
  void U16(uint16_t v) { BigEndian(v, 2); }
  void U32(uint32_t v) { BigEndian(v, 4); }
  void U64(uint64_t v) { BigEndian(v, 8); }
  void I64(int64_t v) { U64(static_cast<uint64_t>(v)); }  // two's complement
  void Raw(std::string_view v) { bytes_.append(v); }
  void String(std::string_view v) {  // REQUIRES: shorter than 64 KiB
    U16(static_cast<uint16_t>(v.size()));
    Raw(v);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void BigEndian(uint64_t v, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<char>((v >> shift) & 0xFF));
    }
  }
  std::string bytes_;
};

// Reads past the end make every later read zero and ok() false, so that a decoder checks once.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t U8() { return static_cast<uint8_t>(BigEndian(1)); }
  uint16_t U16() { return static_cast<uint16_t>(BigEndian(2)); }
  uint32_t U32() { return static_cast<uint32_t>(BigEndian(4)); }
  uint64_t U64() { return BigEndian(8); }
  std::string_view Raw(size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  std::string_view String() { return Raw(U16()); }
  Digest ReadDigest() { return Digest::FromBytes(Raw(Digest::kSize)).value_or(Digest{}); }

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  uint64_t BigEndian(size_t width) {
    uint64_t v = 0;
    for (char c : Raw(width)) v = (v << 8) | static_cast<uint8_t>(c);
    return v;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace decentd
