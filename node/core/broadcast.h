// Certified broadcast of one slot's payload: proposal, echoes, certificate (docs/SPEC.md, section
// 4). Two certificates for different digests of one slot cannot both exist. Pure.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "node/core/effect.h"
#include "node/core/ids.h"
#include "node/core/roster.h"
#include "node/core/verified.h"

namespace decentd {

class Broadcast {
 public:
  Broadcast(const Roster& roster, Slot slot) : roster_(roster), slot_(slot) {}

  // True when the proposal is new here: the first of its author, or the certified one. A second,
  // different proposal is evidence.
  bool OnPropose(const Verified<Propose>& propose, Effects& out);

  // One Echo inside `votes`. True when it completes the certificate. An author's second echo for
  // another digest is evidence and does not count: a certificate that needs it comes as a whole.
  bool OnEcho(const Digest& digest, const Verified<Votes>& votes, Effects& out);

  // True when there was no certificate before.
  bool OnCertificate(const VerifiedCertificate& certificate);

  // The first valid proposal held, certified or not; null when none is.
  const Verified<Propose>* first() const { return first_ ? &*first_ : nullptr; }
  // The proposal of the certified digest; null until both are held.
  const Verified<Propose>* payload() const;
  const std::optional<Digest>& certified() const { return certified_; }
  // q Votes by distinct authors; empty until certified.
  const std::vector<Verified<Votes>>& certificate() const { return certificate_; }

 private:
  const Roster& roster_;
  const Slot slot_;
  std::optional<Verified<Propose>> first_;
  std::optional<Verified<Propose>> other_;  // the certified one where the author equivocated
  bool evidence_given_ = false;
  std::map<NodeIndex, std::pair<Digest, Verified<Votes>>> echoes_;
  NodeSet blamed_;
  std::optional<Digest> certified_;
  std::vector<Verified<Votes>> certificate_;
};

}  // namespace decentd
