// A node's or a client's identity: its Ed25519 secret key and what only its holder can do.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/ed25519.h"
#include "crypto/signer.h"

namespace decentd {

// Thread-safe. The secret lies in locked memory and is wiped at the end.
class Ed25519Identity final : public Signer {
 public:
  explicit Ed25519Identity(Ed25519Key key) : key_(std::move(key)) {}

  const PublicKey& public_key() const override { return key_.public_key(); }
  std::string Sign(std::string_view kind, const Digest& cluster_id,
                   std::string_view body) const override;

  // For the key file and the link certificate (crypto/keyfile.h, crypto/tls_identity.h).
  const Ed25519Key& key() const { return key_; }

 private:
  Ed25519Key key_;
};

// A fresh key.
std::unique_ptr<Ed25519Identity> NewEd25519Signer();

// The key of these 32 secret bytes; the same seed gives the same key.
std::unique_ptr<Ed25519Identity> SignerFromSeed(std::span<const uint8_t, 32> seed);

}  // namespace decentd
