#include "crypto/secret_bytes.h"

#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace decentd {
namespace {

[[noreturn]] void Die(const char* message) {
  std::fprintf(stderr, "decentd: %s\n", message);
  std::abort();
}

}  // namespace

void EnsureSodium() {
  static const int result = sodium_init();
  if (result < 0) Die("libsodium cannot start: the system offers no secure random numbers");
}

SecretBytes::SecretBytes(size_t size) : data_(nullptr), size_(size) {
  EnsureSodium();
  data_ = static_cast<uint8_t*>(sodium_malloc(size));
  if (data_ == nullptr) Die("no memory is left for a secret key");
  sodium_memzero(data_, size_);
}

SecretBytes::~SecretBytes() { sodium_free(data_); }

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void WipeString(std::string& text) {
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace decentd
