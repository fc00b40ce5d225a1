#include "tests/sim/signatures.h"

#include <array>
#include <cstring>

#include "tests/sim/random.h"

namespace decentd::sim {
namespace {

uint64_t Fold(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9fb21c651e98df25ull;
  return hash ^ (hash >> 32);
}

uint64_t Fold(uint64_t hash, std::string_view bytes) {
  hash = Fold(hash, bytes.size());
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    hash = Fold(hash, word);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  return Fold(hash, rest);
}

std::string Sign(const PublicKey& key, std::string_view kind, const Digest& cluster,
                 std::string_view body) {
  uint64_t hash = Fold(Fold(Fold(Fold(0, key.View()), kind), cluster.View()), body);
  std::string signature(64, '\0');
  Random expand(hash);
  for (size_t i = 0; i < 64; i += 8) {
    const uint64_t word = expand.Next();
    std::memcpy(signature.data() + i, &word, 8);
  }
  return signature;
}

class StandIn final : public Signer {
 public:
  explicit StandIn(uint64_t seed) {
    Random expand(seed);
    for (size_t i = 0; i < PublicKey::kSize; i += 8) {
      const uint64_t word = expand.Next();
      std::memcpy(key_.bytes.data() + i, &word, 8);
    }
  }
  const PublicKey& public_key() const override { return key_; }
  std::string Sign(std::string_view kind, const Digest& cluster_id,
                   std::string_view body) const override {
    return sim::Sign(key_, kind, cluster_id, body);
  }

 private:
  PublicKey key_;
};

class StandInSignatureScheme final : public SignatureScheme {
 public:
  bool Verify(const PublicKey& key, std::string_view kind, const Digest& cluster_id,
              std::string_view body, std::string_view signature) const override {
    return signature == Sign(key, kind, cluster_id, body);
  }
};

}  // namespace

const SignatureScheme& StandInScheme() {
  static const StandInSignatureScheme scheme;
  return scheme;
}

std::unique_ptr<Signer> StandInSigner(uint64_t seed) { return std::make_unique<StandIn>(seed); }

}  // namespace decentd::sim
