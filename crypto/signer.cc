#include "crypto/signer.h"

#include "crypto/ed25519.h"
#include "crypto/hex.h"

namespace decentd {
namespace {

class Ed25519SignatureScheme final : public SignatureScheme {
 public:
  bool Verify(const PublicKey& key, std::string_view kind, const Digest& cluster_id,
              std::string_view body, std::string_view signature) const override {
    if (signature.size() != Ed25519Key::kSignatureSize) return false;
    return Ed25519VerifyRaw(key, SignedBytes(kind, cluster_id, body), signature);
  }
};

}  // namespace

std::string PublicKey::Hex() const { return HexOf(bytes); }

std::optional<PublicKey> PublicKey::FromBytes(std::string_view raw) {
  return ValueFromBytes<PublicKey>(raw);
}

std::optional<PublicKey> PublicKey::FromHex(std::string_view hex) {
  return ValueFromHex<PublicKey>(hex);
}

std::string SignedBytes(std::string_view kind, const Digest& cluster_id, std::string_view body) {
  constexpr std::string_view kPrefix = "decentd/v1/";
  std::string bytes;
  bytes.reserve(kPrefix.size() + kind.size() + 1 + Digest::kSize + body.size());
  bytes.append(kPrefix).append(kind).push_back('\0');
  bytes.append(cluster_id.View()).append(body);
  return bytes;
}

const SignatureScheme& Ed25519Scheme() {
  static const Ed25519SignatureScheme scheme;
  return scheme;
}

}  // namespace decentd
