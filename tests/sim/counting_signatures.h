// Counts what a cluster signs and verifies; heartbeats, which come by the clock, apart. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/signer.h"

namespace decentd::sim {

struct SignatureCount {
  uint64_t of_rounds = 0, of_heartbeats = 0;
  void Add(std::string_view kind) { ++(kind == "heartbeat" ? of_heartbeats : of_rounds); }
};

struct SignatureCounts {
  SignatureCount made, verified;
};

// Verifies by another scheme. That scheme and the counts outlive this.
class CountingScheme final : public SignatureScheme {
 public:
  CountingScheme(const SignatureScheme& scheme, SignatureCounts& counts)
      : scheme_(scheme), counts_(counts) {}
  bool Verify(const PublicKey& key, std::string_view kind, const Digest& cluster_id,
              std::string_view body, std::string_view signature) const override {
    counts_.verified.Add(kind);
    return scheme_.Verify(key, kind, cluster_id, body, signature);
  }

 private:
  const SignatureScheme& scheme_;
  SignatureCounts& counts_;
};

// Signs with another signer. The counts outlive this.
class CountingSigner final : public Signer {
 public:
  CountingSigner(std::unique_ptr<Signer> signer, SignatureCounts& counts)
      : signer_(std::move(signer)), counts_(counts) {}
  const PublicKey& public_key() const override { return signer_->public_key(); }
  std::string Sign(std::string_view kind, const Digest& cluster_id,
                   std::string_view body) const override {
    counts_.made.Add(kind);
    return signer_->Sign(kind, cluster_id, body);
  }

 private:
  const std::unique_ptr<Signer> signer_;
  SignatureCounts& counts_;
};

}  // namespace decentd::sim
