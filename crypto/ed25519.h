// Ed25519 (RFC 8032) over raw bytes. Only this folder and its tests use it: everything else signs
// and verifies through crypto/signer.h, which separates the domains.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "crypto/secret_bytes.h"
#include "crypto/signer.h"

namespace decentd {

// Move-only; const members are thread-safe.
class Ed25519Key {
 public:
  static constexpr size_t kSeedSize = 32;
  static constexpr size_t kSignatureSize = 64;

  static Ed25519Key Generate();
  static Ed25519Key FromSeed(std::span<const uint8_t, kSeedSize> seed);

  const PublicKey& public_key() const { return public_key_; }
  // The secret of RFC 8032; valid as long as this key.
  std::span<const uint8_t, kSeedSize> seed() const;
  std::string SignRaw(std::string_view message) const;

 private:
  Ed25519Key();
  SecretBytes secret_;  // libsodium's form: seed, then public key
  PublicKey public_key_;
};

// False for a signature of the wrong length, a non-canonical one, and a key of small order.
bool Ed25519VerifyRaw(const PublicKey& key, std::string_view message, std::string_view signature);

}  // namespace decentd
