// The messages of an exploration as the code takes them: made once each, encoded, and verified by
// the codec, as nothing else makes them. Signatures are not looked at. Not thread-safe.
#pragma once

#include <cstdint>

#include <absl/container/node_hash_map.h>

#include "node/codec/verifier.h"
#include "tests/sim/explore/vote_menu.h"

namespace decentd::explore {

class SetMessages {
 public:
  // The roster outlives this. Slots are those of the panel's members in order.
  explicit SetMessages(const Roster& roster);

  int slots() const { return static_cast<int>(authors_.size()); }
  Slot slot(int place) const { return {Phase::kAnswer, authors_[static_cast<size_t>(place)]}; }
  int Place(NodeIndex author) const;

  // `digest`: 1 or 2, one of the two that the slot's author may propose.
  const Verified<Propose>& Proposal(int slot, ValueMask digest);
  ValueMask DigestOf(int slot, const Digest& digest);  // 0: neither
  // One vote, in Votes of its own.
  const Verified<Votes>& Enter(int sender);
  const Verified<Votes>& Echo(int sender, int slot, ValueMask digest);
  const Verified<Votes>& VoteOf(const Word& word);  // EST, AUX, DECIDED
  // By the signers of this mask. REQUIRES: they are a quorum.
  const VerifiedCertificate& Certificate(int slot, ValueMask digest, uint8_t signers);

 private:
  const Verified<Votes>& Say(uint32_t key, int sender, Vote vote);
  template <class T>
  Verified<T> Verify(int sender, const T& value);

  const Roster& roster_;
  const Verifier verifier_;
  std::vector<NodeIndex> authors_;
  absl::node_hash_map<uint32_t, Verified<Propose>> proposals_;
  absl::node_hash_map<uint32_t, Verified<Votes>> votes_;
  absl::node_hash_map<uint32_t, VerifiedCertificate> certificates_;
};

}  // namespace decentd::explore
