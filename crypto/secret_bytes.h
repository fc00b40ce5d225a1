// Memory for secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace decentd {

// Makes libsodium ready, once for the process; the process ends with a message when it cannot
// (no source of randomness). Thread-safe. Everything in this folder that needs it calls it.
void EnsureSodium();

// A buffer between guard pages, locked in memory where the system allows it, wiped when it goes.
// Move-only; thread-compatible.
class SecretBytes {
 public:
  explicit SecretBytes(size_t size);  // zeroed
  ~SecretBytes();
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  std::span<uint8_t> span() { return {data_, size_}; }
  std::span<const uint8_t> span() const { return {data_, size_}; }
  std::string_view View() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  uint8_t* data_;
  size_t size_;
};

// Overwrites the characters, those of the unused capacity too, and empties the string.
void WipeString(std::string& text);

}  // namespace decentd
