#include "crypto/ed25519.h"

#include <sodium.h>

namespace decentd {

static_assert(PublicKey::kSize == crypto_sign_PUBLICKEYBYTES);
static_assert(Ed25519Key::kSeedSize == crypto_sign_SEEDBYTES);
static_assert(Ed25519Key::kSignatureSize == crypto_sign_BYTES);

namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Ed25519Key::Ed25519Key() : secret_(crypto_sign_SECRETKEYBYTES) {}

Ed25519Key Ed25519Key::Generate() {
  Ed25519Key key;
  crypto_sign_keypair(key.public_key_.bytes.data(), key.secret_.data());
  return key;
}

Ed25519Key Ed25519Key::FromSeed(std::span<const uint8_t, kSeedSize> seed) {
  Ed25519Key key;
  crypto_sign_seed_keypair(key.public_key_.bytes.data(), key.secret_.data(), seed.data());
  return key;
}

std::span<const uint8_t, Ed25519Key::kSeedSize> Ed25519Key::seed() const {
  return std::span<const uint8_t, kSeedSize>(secret_.data(), kSeedSize);
}

std::string Ed25519Key::SignRaw(std::string_view message) const {
  std::string signature(kSignatureSize, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, Bytes(message),
                       message.size(), secret_.data());
  return signature;
}

bool Ed25519VerifyRaw(const PublicKey& key, std::string_view message, std::string_view signature) {
  if (signature.size() != Ed25519Key::kSignatureSize) return false;
  EnsureSodium();
  return crypto_sign_verify_detached(Bytes(signature), Bytes(message), message.size(),
                                     key.bytes.data()) == 0;
}

}  // namespace decentd
