// Agreement on which payloads of one phase count: one certified broadcast and one binary agreement
// for each member of the panel, closed by the gate and the deadlines (docs/SPEC.md, section 6).
// Pure; not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "node/core/binary_agreement.h"
#include "node/core/broadcast.h"
#include "node/core/effect.h"
#include "node/core/roster.h"
#include "node/core/verdict.h"

namespace decentd {

class SetAgreement {
 public:
  using Validity = std::function<bool(const Propose&)>;

  SetAgreement(const Roster& roster, NodeIndex self, Phase phase, uint32_t soft_ms,
               uint32_t hard_ms);

  // This node takes part from now on. `valid` says whether a proposal may be echoed; for sheets it
  // is known only now, so earlier proposals have waited for it.
  void Enter(Validity valid, Effects& out);

  void OnPropose(const Verified<Propose>& propose, Effects& out);
  void OnCertificate(const VerifiedCertificate& certificate, Effects& out);
  // The entries of one Votes that belong to this phase, applied in order.
  void OnVotes(const Verified<Votes>& votes, Effects& out);
  void OnTimer(const TimerKey& key, Effects& out);
  // Nodes without a live link for at least absent_after; replaces the set given before.
  void OnUnlinked(const NodeSet& unlinked, Effects& out);
  // Something signed by this node arrived in the round.
  void OnHeard(NodeIndex node, Effects& out);

  bool entered() const { return entered_; }
  // Every slot is decided, and payload and certificate of every slot decided 1 are held.
  bool ended() const { return ended_; }
  // Why this node gave input 0, or none.
  Closed closed() const { return closed_; }
  // Slots decided 1, ascending. REQUIRES: ended().
  SlotSet agreed() const;
  int usable() const;  // of the agreed ones, those that are not Abstain. REQUIRES: ended().

  // Null for a node outside the panel.
  const Broadcast* broadcast(NodeIndex author) const;
  const NodeSet& panel() const { return roster_.panel(phase_); }

 private:
  struct Member {
    Broadcast broadcast;
    BinaryAgreement agreement;
    bool judged = false;     // validity of the first proposal was looked at
    bool certified = false;  // the certificate was handed to the agreement
    bool prepared = false;   // payload and certificate are both here, and it was said
  };

  Member* Find(NodeIndex author);
  void Apply(const Vote& vote, const Verified<Votes>& votes, Effects& out);
  void Judge(NodeIndex author, Member& member, Effects& out);
  void Advance(Effects& out);
  void AdvanceMember(NodeIndex author, Member& member, Effects& out);
  void StartDeadlines(Effects& out);
  NodeSet Missing() const;  // authors whose slot has no input yet and is not decided
  void MaybeClose(Effects& out);
  bool GateHolds() const;
  bool AllAbsent(const NodeSet& missing, Effects& out);
  void MaybeEnd(Effects& out);

  const Roster& roster_;
  const Phase phase_;
  const uint32_t soft_ms_, hard_ms_;
  std::map<NodeIndex, Member> members_;
  const NodeIndex self_;
  Validity valid_;
  bool entered_ = false;
  NodeSet entered_by_;
  bool deadlines_started_ = false, soft_passed_ = false, hard_passed_ = false;
  NodeSet unlinked_, heard_;
  uint32_t absence_ = 0;         // generation of the silence being timed
  bool absence_timed_ = false;   // its timer runs
  bool absence_passed_ = false;  // its timer fired and nobody missing was heard since
  Closed closed_ = Closed::kNone;
  bool ended_ = false;
};

}  // namespace decentd
