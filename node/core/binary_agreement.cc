#include "node/core/binary_agreement.h"

namespace decentd {
namespace {

constexpr ValueMask Mask(bool value) { return value ? 2 : 1; }

// From this round on hints and waits help agreement end under partial synchrony; the rounds before
// never wait, so that the common case is as fast as the network.
constexpr uint32_t kFirstTimedRound = 4;

}  // namespace

BinaryAgreement::BinaryAgreement(const Roster& roster, NodeIndex self, Slot slot)
    : roster_(roster), self_(self), slot_(slot) {}

void BinaryAgreement::Propose(bool value, Effects& out) {
  if (estimate_ || decided_) return;
  estimate_ = value;
  round_ = 1;
  if (!value) SendEst(1, false, out);  // for 1 the certificate stands in for EST
  Advance(out);
}

void BinaryAgreement::OnCertificate(Effects& out) {
  if (certificate_) return;
  certificate_ = true;
  AddToBin(rounds_[1], true);
  Advance(out);
}

void BinaryAgreement::OnEst(NodeIndex from, uint32_t round, bool value, Effects& out) {
  if (round == 1 && value) return;  // only the certificate justifies 1 in the first round
  if (rounds_[round].est[value].Add(from)) Advance(out);
}

void BinaryAgreement::OnAux(NodeIndex from, uint32_t round, ValueMask values, Effects& out) {
  BinaryRound& state = rounds_[round];
  if (state.aux[0].Has(from) || state.aux[1].Has(from)) return;
  for (bool value : {false, true}) {
    if (values & Mask(value)) state.aux[value].Add(from);
  }
  Advance(out);
}

void BinaryAgreement::OnHint(NodeIndex from, uint32_t round, bool value, Effects& out) {
  // One that is ignored leaves nothing behind: no state of a round, and so no EST of it either.
  if (round < kFirstTimedRound || from != Coordinator(round)) return;
  BinaryRound& state = rounds_[round];
  if (state.hint) return;
  state.hint = value;
  Advance(out);
}

void BinaryAgreement::OnDecided(NodeIndex from, bool value, Effects& out) {
  if (decided_by_[0].Has(from) || decided_by_[1].Has(from)) return;
  decided_by_[value].Add(from);
  Advance(out);
}

void BinaryAgreement::OnTimer(TimerType type, uint32_t round, Effects& out) {
  BinaryRound& state = rounds_[round];
  (type == TimerType::kHintWait ? state.hint_wait_over : state.aux_wait_over) = true;
  Advance(out);
}

void BinaryAgreement::Advance(Effects& out) {
  // Relaying goes on after this node's decision and in rounds it has left: others may still need
  // it (SPEC section 14, items 1 and 2). It ends when n-f nodes have decided.
  const bool settled = decided_by_[0].Size() >= roster_.n() - roster_.f() ||
                       decided_by_[1].Size() >= roster_.n() - roster_.f();
  if (!settled) {
    for (auto& [round, state] : rounds_) Relay(round, state, out);
  }
  for (bool value : {false, true}) {
    if (!decided_ && decided_by_[value].Size() >= roster_.f() + 1) Decide(value, out);
  }
  while (!decided_ && estimate_ && FinishRound(out)) Relay(round_, rounds_[round_], out);
}

void BinaryAgreement::Relay(uint32_t round, BinaryRound& state, Effects& out) {
  for (bool value : {false, true}) {
    if (round == 1 && value) continue;
    const int count = EstCount(state, value);
    if (count >= roster_.f() + 1) SendEst(round, value, out);
    if (count >= 2 * roster_.f() + 1) AddToBin(state, value);
  }
}

bool BinaryAgreement::FinishRound(Effects& out) {
  BinaryRound& state = rounds_[round_];
  if (state.bin == 0 || !SendAux(state, out)) return false;

  int admissible = 0;
  std::array<int, 4> count{};
  ValueMask held = 0;
  for (uint16_t i = 0; i < roster_.n(); ++i) {
    const ValueMask values = AuxOf(state, NodeIndex{i});
    if (values == 0 || (values & ~state.bin) != 0) continue;
    ++admissible;
    ++count[values];
    held |= values;
  }
  const int enough = roster_.n() - roster_.f();
  if (admissible < enough) return false;
  if (round_ >= kFirstTimedRound && !state.aux_wait_over) return false;

  ValueMask values = held;
  for (bool value : {false, true}) {
    if (count[Mask(value)] >= enough) values = Mask(value);
  }
  const bool parity = round_ % 2 == 1;
  if (values == Mask(false) || values == Mask(true)) {
    estimate_ = values == Mask(true);
    if (*estimate_ == parity) {
      Decide(parity, out);
      return false;
    }
  } else {
    estimate_ = parity;
  }
  if (round_ == limits::kMaxBinaryRound) return false;
  ++round_;
  SendEst(round_, *estimate_, out);
  return true;
}

// True once this node's AUX of its round is on its way.
bool BinaryAgreement::SendAux(BinaryRound& state, Effects& out) {
  if (state.aux_sent) return true;
  ValueMask values = state.bin;
  if (round_ >= kFirstTimedRound) {
    if (!state.hint_sent && Coordinator(round_) == self_) {
      state.hint_sent = true;
      out.votes.push_back(vote::Hint{slot_, round_, state.first_in_bin});
    }
    if (!state.hint_wait_set) {
      state.hint_wait_set = true;
      out.timers.push_back({{TimerType::kHintWait, slot_, round_}, WaitMs(round_)});
    }
    if (!state.hint_wait_over) return false;
    if (state.hint && (state.bin & Mask(*state.hint)) != 0) values = Mask(*state.hint);
    out.timers.push_back({{TimerType::kAuxWait, slot_, round_}, WaitMs(round_)});
  }
  state.aux_sent = true;
  out.votes.push_back(vote::Aux{slot_, round_, values});
  return true;
}

void BinaryAgreement::SendEst(uint32_t round, bool value, Effects& out) {
  bool& sent = rounds_[round].est_sent[value];
  if (sent) return;
  sent = true;
  out.votes.push_back(vote::Est{slot_, round, value});
}

void BinaryAgreement::Decide(bool value, Effects& out) {
  decided_ = value;
  out.votes.push_back(vote::Decided{slot_, value});
}

void BinaryAgreement::AddToBin(BinaryRound& state, bool value) {
  if (state.bin == 0) state.first_in_bin = value;
  state.bin |= Mask(value);
}

int BinaryAgreement::EstCount(const BinaryRound& state, bool value) const {
  const NodeSet aux = state.aux[0] | state.aux[1];
  return (state.est[value] | (decided_by_[value] - aux)).Size();
}

ValueMask BinaryAgreement::AuxOf(const BinaryRound& state, NodeIndex node) const {
  ValueMask values = 0;
  for (bool value : {false, true}) {
    if (state.aux[value].Has(node)) values |= Mask(value);
  }
  if (values != 0) return values;
  if (decided_by_[0].Has(node)) return Mask(false);
  if (decided_by_[1].Has(node)) return Mask(true);
  return 0;
}

NodeIndex BinaryAgreement::Coordinator(uint32_t round) const {
  return NodeIndex{static_cast<uint16_t>((slot_.author.value + round) % roster_.n())};
}

uint32_t BinaryAgreement::WaitMs(uint32_t round) const {
  // Doubles each round, up to about a day: what an honest node never gets to.
  const uint64_t wait = uint64_t{roster_.parameters().hint_base_ms} << (round - kFirstTimedRound);
  constexpr uint64_t kDay = 24ull * 60 * 60 * 1000;
  return static_cast<uint32_t>(wait < kDay ? wait : kDay);
}

}  // namespace decentd
