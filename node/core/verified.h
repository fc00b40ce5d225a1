// Proof by type that a message was checked: only the codec's Verifier makes a Verified<T>, and the
// core takes nothing else. Cheap to copy: value and bytes are shared and immutable.
#pragma once

#include <memory>
#include <utility>

#include "node/core/message.h"

namespace decentd {

template <class T>
class Verified {
 public:
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  // Author's index; meaningless for a Query, whose author is a client.
  NodeIndex author() const { return NodeIndex{static_cast<uint16_t>(envelope_->author)}; }
  const std::shared_ptr<const Envelope>& envelope() const { return envelope_; }
  const Digest& body_digest() const { return body_digest_; }  // SHA-256 of the signed body

 private:
  friend class Verifier;
  Verified(std::shared_ptr<const T> value, std::shared_ptr<const Envelope> envelope,
           const Digest& body_digest)
      : value_(std::move(value)), envelope_(std::move(envelope)), body_digest_(body_digest) {}

  std::shared_ptr<const T> value_;
  std::shared_ptr<const Envelope> envelope_;
  Digest body_digest_;
};

// q Votes by distinct authors, each holding an Echo of `digest` for `slot`.
class VerifiedCertificate {
 public:
  const RoundId& round() const { return round_; }
  const Slot& slot() const { return slot_; }
  const Digest& digest() const { return digest_; }
  const std::vector<Verified<Votes>>& votes() const { return votes_; }

 private:
  friend class Verifier;
  VerifiedCertificate(RoundId round, Slot slot, Digest digest, std::vector<Verified<Votes>> votes)
      : round_(round), slot_(slot), digest_(digest), votes_(std::move(votes)) {}
  RoundId round_;
  Slot slot_;
  Digest digest_;
  std::vector<Verified<Votes>> votes_;
};

}  // namespace decentd
