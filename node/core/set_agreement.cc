#include "node/core/set_agreement.h"

#include <type_traits>

namespace decentd {

SetAgreement::SetAgreement(const Roster& roster, NodeIndex self, Phase phase, uint32_t soft_ms,
                           uint32_t hard_ms)
    : roster_(roster), phase_(phase), soft_ms_(soft_ms), hard_ms_(hard_ms), self_(self) {
  panel().ForEach([&](NodeIndex author) {
    const Slot slot{phase, author};
    members_.emplace(author, Member{Broadcast(roster, slot), BinaryAgreement(roster, self, slot)});
  });
}

void SetAgreement::Enter(Validity valid, Effects& out) {
  entered_ = true;
  valid_ = std::move(valid);
  out.votes.push_back(vote::Enter{phase_});
  out.notices.push_back({.type = Notice::Type::kPhaseStarted, .phase = phase_});
  for (auto& [author, member] : members_) Judge(author, member, out);
  Advance(out);
}

void SetAgreement::OnPropose(const Verified<Propose>& propose, Effects& out) {
  Member* member = Find(propose.author());
  if (member == nullptr || !member->broadcast.OnPropose(propose, out)) return;
  out.accepted = true;
  Judge(propose.author(), *member, out);
  AdvanceMember(propose.author(), *member, out);
  Advance(out);
}

void SetAgreement::OnCertificate(const VerifiedCertificate& certificate, Effects& out) {
  Member* member = Find(certificate.slot().author);
  if (member == nullptr || !member->broadcast.OnCertificate(certificate)) return;
  out.accepted = true;
  AdvanceMember(certificate.slot().author, *member, out);
  Advance(out);
}

void SetAgreement::OnVotes(const Verified<Votes>& votes, Effects& out) {
  for (const Vote& vote : votes->votes) Apply(vote, votes, out);
  Advance(out);
}

void SetAgreement::Apply(const Vote& vote, const Verified<Votes>& votes, Effects& out) {
  const NodeIndex from = votes.author();
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, vote::Enter>) {
          if (v.phase == phase_) entered_by_.Add(from);
        } else {
          if (v.slot.phase != phase_) return;
          Member* member = Find(v.slot.author);
          if (member == nullptr) return;
          if constexpr (std::is_same_v<T, vote::Echo>) {
            member->broadcast.OnEcho(v.digest, votes, out);
          } else if constexpr (std::is_same_v<T, vote::Est>) {
            member->agreement.OnEst(from, v.round, v.value, out);
          } else if constexpr (std::is_same_v<T, vote::Aux>) {
            member->agreement.OnAux(from, v.round, v.values, out);
          } else if constexpr (std::is_same_v<T, vote::Hint>) {
            member->agreement.OnHint(from, v.round, v.value, out);
          } else {
            member->agreement.OnDecided(from, v.value, out);
          }
        }
      },
      vote);
}

void SetAgreement::OnTimer(const TimerKey& key, Effects& out) {
  switch (key.type) {
    case TimerType::kSoftDeadline:
      soft_passed_ = true;
      break;
    case TimerType::kHardDeadline:
      hard_passed_ = true;
      break;
    case TimerType::kAbsent:
      if (key.number != absence_) return;
      absence_passed_ = true;
      break;
    case TimerType::kHintWait:
    case TimerType::kAuxWait:
      if (Member* member = Find(key.slot.author)) {
        member->agreement.OnTimer(key.type, key.number, out);
      }
      break;
  }
  out.accepted = true;
  Advance(out);
}

void SetAgreement::OnUnlinked(const NodeSet& unlinked, Effects& out) {
  unlinked_ = unlinked;
  ++absence_;
  absence_timed_ = absence_passed_ = false;
  Advance(out);
}

void SetAgreement::OnHeard(NodeIndex node, Effects& out) {
  heard_.Add(node);
  if ((!absence_timed_ && !absence_passed_) || !Missing().Has(node)) return;
  // The silence was broken: it is timed anew.
  ++absence_;
  absence_timed_ = absence_passed_ = false;
  MaybeClose(out);
}

SlotSet SetAgreement::agreed() const {
  SlotSet set;
  for (const auto& [author, member] : members_) {
    if (member.agreement.decided() == true) {
      set.emplace_back(author, *member.broadcast.certified());
    }
  }
  return set;
}

int SetAgreement::usable() const {
  int count = 0;
  for (const auto& [author, member] : members_) {
    const Verified<Propose>* payload = member.broadcast.payload();
    if (member.agreement.decided() == true && payload != nullptr) count += (*payload)->usable();
  }
  return count;
}

const Broadcast* SetAgreement::broadcast(NodeIndex author) const {
  auto it = members_.find(author);
  return it == members_.end() ? nullptr : &it->second.broadcast;
}

SetAgreement::Member* SetAgreement::Find(NodeIndex author) {
  auto it = members_.find(author);
  return it == members_.end() ? nullptr : &it->second;
}

// Echoes the first proposal of a slot where it is valid. At most one echo for a slot, ever.
void SetAgreement::Judge(NodeIndex author, Member& member, Effects& out) {
  const Verified<Propose>* first = member.broadcast.first();
  if (!entered_ || member.judged || first == nullptr) return;
  member.judged = true;
  if (!valid_(**first)) {
    out.blames.push_back({author, FaultKind::kInvalidSheet});
    return;
  }
  out.notices.push_back({.type = phase_ == Phase::kAnswer ? Notice::Type::kAnswerReceived
                                                          : Notice::Type::kSheetReceived,
                         .phase = phase_,
                         .node = author,
                         .abstained = !(*first)->usable(),
                         .detail = std::holds_alternative<Abstain>((*first)->payload)
                                       ? std::get<Abstain>((*first)->payload).detail
                                       : std::string()});
  out.votes.push_back(vote::Echo{{phase_, author}, first->body_digest()});
}

void SetAgreement::AdvanceMember(NodeIndex author, Member& member, Effects& out) {
  if (!member.broadcast.certified()) return;
  if (!member.certified) {
    member.certified = true;
    member.agreement.OnCertificate(out);
    out.notices.push_back({.type = phase_ == Phase::kAnswer ? Notice::Type::kAnswerCertified
                                                            : Notice::Type::kSheetCertified,
                           .phase = phase_,
                           .node = author});
  }
  if (entered_) member.agreement.Propose(true, out);
  const Verified<Propose>* payload = member.broadcast.payload();
  if (payload != nullptr && !member.prepared) {
    member.prepared = true;
    if (phase_ == Phase::kAnswer && (*payload)->usable()) out.prepare.push_back(author);
  }
}

void SetAgreement::Advance(Effects& out) {
  for (auto& [author, member] : members_) AdvanceMember(author, member, out);
  if (!entered_) return;
  StartDeadlines(out);
  MaybeClose(out);
  MaybeEnd(out);
}

// Deadlines count from when enough nodes are in the phase, so that a cluster without a quorum
// burns none (SPEC section 14, item 10).
void SetAgreement::StartDeadlines(Effects& out) {
  if (deadlines_started_ || !entered_by_.Has(self_) ||
      entered_by_.Size() < roster_.n() - roster_.f()) {
    return;
  }
  deadlines_started_ = true;
  const Slot phase{phase_, NodeIndex{0}};
  out.timers.push_back({{TimerType::kSoftDeadline, phase, 0}, soft_ms_});
  out.timers.push_back({{TimerType::kHardDeadline, phase, 0}, hard_ms_});
}

NodeSet SetAgreement::Missing() const {
  NodeSet missing;
  for (const auto& [author, member] : members_) {
    if (!member.agreement.closed_to_input()) missing.Add(author);
  }
  return missing;
}

// Input 0 to what is missing once the rule allows it, and for no other reason: the gate keeps the
// set large when certificates are spread unevenly (SPEC section 14, item 11).
void SetAgreement::MaybeClose(Effects& out) {
  const NodeSet missing = Missing();
  if (!entered_ || missing.Empty()) return;
  Closed why = Closed::kNone;
  if (hard_passed_) {
    why = Closed::kHard;
  } else if (GateHolds()) {
    if (soft_passed_) {
      why = Closed::kSoft;
    } else if (AllAbsent(missing, out)) {
      why = Closed::kAbsent;
    }
  }
  if (why == Closed::kNone) return;
  closed_ = why;
  missing.ForEach([&](NodeIndex author) { Find(author)->agreement.Propose(false, out); });
}

// Enough slots are decided 1, and enough of those are usable: Abstains must not close a phase
// while the honest payload that is needed is on its way (SPEC section 14, item 5).
bool SetAgreement::GateHolds() const {
  int decided = 0;
  for (const auto& [author, member] : members_) decided += member.agreement.decided() == true;
  return decided >= roster_.gate(phase_) && usable() >= roster_.minimum(phase_);
}

bool SetAgreement::AllAbsent(const NodeSet& missing, Effects& out) {
  if (!unlinked_.ContainsAll(missing)) return false;
  bool heard = false;
  missing.ForEach([&](NodeIndex node) { heard |= heard_.Has(node); });
  if (!heard || absence_passed_) return true;
  if (!absence_timed_) {
    absence_timed_ = true;
    out.timers.push_back({{TimerType::kAbsent, {phase_, NodeIndex{0}}, absence_},
                          roster_.parameters().absent_after_ms});
  }
  return false;
}

void SetAgreement::MaybeEnd(Effects& out) {
  if (ended_) return;
  for (const auto& [author, member] : members_) {
    if (!member.agreement.decided()) return;
    if (*member.agreement.decided() && member.broadcast.payload() == nullptr) return;
  }
  ended_ = true;
  out.notices.push_back(
      {.type = Notice::Type::kPhaseClosed, .phase = phase_, .closed = closed_});
}

}  // namespace decentd
