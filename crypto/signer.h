// Ed25519 identities and the domain separation of every signature (docs/SPEC.md, section 2).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace decentd {

struct PublicKey {
  static constexpr size_t kSize = 32;
  std::array<uint8_t, kSize> bytes{};
  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
  std::string_view View() const { return {reinterpret_cast<const char*>(bytes.data()), kSize}; }
  std::string Hex() const;
  static std::optional<PublicKey> FromBytes(std::string_view raw);
  static std::optional<PublicKey> FromHex(std::string_view hex);
};

// The bytes that are signed: "decentd/v1/" kind 0x00 cluster_id body. `kind` is the lower-case
// name of the message ("votes").
std::string SignedBytes(std::string_view kind, const Digest& cluster_id, std::string_view body);

// Holds a secret key for as long as it lives and wipes it at the end. Thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const PublicKey& public_key() const = 0;
  // 64 bytes over SignedBytes(kind, cluster_id, body).
  virtual std::string Sign(std::string_view kind, const Digest& cluster_id,
                           std::string_view body) const = 0;
};

// Checks signatures. Thread-safe. An interface so that long simulations may use a fast stand-in;
// the daemon and the tools use Ed25519Scheme only.
class SignatureScheme {
 public:
  virtual ~SignatureScheme() = default;
  virtual bool Verify(const PublicKey& key, std::string_view kind, const Digest& cluster_id,
                      std::string_view body, std::string_view signature) const = 0;
};

const SignatureScheme& Ed25519Scheme();

}  // namespace decentd
