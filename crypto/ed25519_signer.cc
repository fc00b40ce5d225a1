#include "crypto/ed25519_signer.h"

namespace decentd {

std::string Ed25519Identity::Sign(std::string_view kind, const Digest& cluster_id,
                                  std::string_view body) const {
  return key_.SignRaw(SignedBytes(kind, cluster_id, body));
}

std::unique_ptr<Ed25519Identity> NewEd25519Signer() {
  return std::make_unique<Ed25519Identity>(Ed25519Key::Generate());
}

std::unique_ptr<Ed25519Identity> SignerFromSeed(std::span<const uint8_t, 32> seed) {
  return std::make_unique<Ed25519Identity>(Ed25519Key::FromSeed(seed));
}

}  // namespace decentd
