// The only maker of Verified<T>: decodes, checks bounds, author, role and signature. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/signer.h"
#include "node/core/fault.h"
#include "node/core/roster.h"
#include "node/core/verified.h"

namespace decentd {

using AnyVerified = std::variant<Verified<Query>, Verified<Sponsor>, Verified<Propose>,
                                 Verified<Votes>, Verified<Decision>, Verified<Heartbeat>>;

class Verifier {
 public:
  // Remembers between half of `cache_entries` and all of them: the latest good envelopes (within
  // limits::kMaxVerifierCacheBytes) by the digest of the whole envelope, so that one that arrives
  // twice costs one hash and yields the same shared value. The roster outlives the verifier.
  Verifier(const Roster& roster, const SignatureScheme& scheme, size_t cache_entries = 1 << 14);
  ~Verifier();

  // Checks in this order: size, author, signature, body, role. A query's body comes first: its key
  // is in there.
  std::variant<AnyVerified, FaultKind> Verify(Envelope envelope) const;

  // For the node's own statement, just signed: decodes, does not check the signature again.
  // REQUIRES: made by SignStatement with this roster.
  AnyVerified TrustOwn(Envelope envelope) const;

  // Certificate of a slot: exactly quorum() Votes by distinct authors of this round, each with an
  // Echo of that digest.
  std::variant<VerifiedCertificate, FaultKind> VerifyCertificate(const RoundId& round,
                                                                 const Slot& slot,
                                                                 const Digest& digest,
                                                                 std::vector<Envelope> votes) const;

  // The same from votes that were verified one by one; nothing when they are no certificate.
  std::optional<VerifiedCertificate> AssembleCertificate(const RoundId& round, const Slot& slot,
                                                         const Digest& digest,
                                                         std::vector<Verified<Votes>> votes) const;

  uint64_t signatures_verified() const { return signatures_verified_.load(); }
  const Roster& roster() const { return roster_; }
  const SignatureScheme& scheme() const { return scheme_; }

 private:
  class Cache;

  std::optional<FaultKind> CheckShape(const Envelope& envelope) const;
  std::variant<AnyVerified, FaultKind> Decode(std::shared_ptr<const Envelope> envelope,
                                              const Digest& body_digest) const;
  bool IsSigned(const PublicKey& key, const Envelope& envelope) const;

  const Roster& roster_;
  const SignatureScheme& scheme_;
  std::unique_ptr<Cache> cache_;
  mutable std::atomic<uint64_t> signatures_verified_{0};
};

}  // namespace decentd
