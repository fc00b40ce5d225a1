// Agreement on one bit for one slot: is its payload in the round's set? DBFT's binary Byzantine
// consensus (Crain, Gramoli, Larrea, Raynal 2018) with the slot's certificate as the justification
// of 1 and hints from the fourth round on (docs/SPEC.md, section 5). Pure; not thread-safe.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "node/core/effect.h"
#include "node/core/ids.h"
#include "node/core/message.h"
#include "node/core/roster.h"

namespace decentd {

class BinaryAgreement {
 public:
  // The roster outlives this.
  BinaryAgreement(const Roster& roster, NodeIndex self, Slot slot);

  // This node's input; the first call counts, later ones are ignored.
  void Propose(bool value, Effects& out);
  // The slot's certificate is held: 1 may be decided.
  void OnCertificate(Effects& out);

  // A vote of a node, this one included. What repeats or contradicts an earlier vote is ignored.
  void OnEst(NodeIndex from, uint32_t round, bool value, Effects& out);
  void OnAux(NodeIndex from, uint32_t round, ValueMask values, Effects& out);
  void OnHint(NodeIndex from, uint32_t round, bool value, Effects& out);
  void OnDecided(NodeIndex from, bool value, Effects& out);

  // A wait of the fourth round or a later one is over: type kHintWait or kAuxWait.
  void OnTimer(TimerType type, uint32_t round, Effects& out);

  // True when an input is no longer wanted: it was given, or others decided without it.
  bool closed_to_input() const { return estimate_.has_value() || decided_.has_value(); }
  const std::optional<bool>& decided() const { return decided_; }
  uint32_t round() const { return round_; }  // 0 before Propose

 private:
  struct BinaryRound {
    std::array<NodeSet, 2> est;
    std::array<bool, 2> est_sent{};
    ValueMask bin = 0;
    bool first_in_bin = false;  // meaningful once bin is not empty
    std::array<NodeSet, 2> aux;  // whose AUX names the value; a node may be in both
    bool aux_sent = false;
    std::optional<bool> hint;
    bool hint_sent = false;
    bool hint_wait_set = false, hint_wait_over = false, aux_wait_over = false;
  };

  void Advance(Effects& out);
  void Relay(uint32_t round, BinaryRound& state, Effects& out);
  bool FinishRound(Effects& out);  // true when the round ended and another began
  bool SendAux(BinaryRound& state, Effects& out);
  void SendEst(uint32_t round, bool value, Effects& out);
  void Decide(bool value, Effects& out);
  void AddToBin(BinaryRound& state, bool value);
  int EstCount(const BinaryRound& state, bool value) const;
  // AUX of a node in a round: its own, or what its DECIDED stands for; 0 when there is neither.
  ValueMask AuxOf(const BinaryRound& state, NodeIndex node) const;
  NodeIndex Coordinator(uint32_t round) const;
  uint32_t WaitMs(uint32_t round) const;

  const Roster& roster_;
  const NodeIndex self_;
  const Slot slot_;
  std::optional<bool> estimate_;
  uint32_t round_ = 0;
  std::optional<bool> decided_;
  bool certificate_ = false;
  std::map<uint32_t, BinaryRound> rounds_;
  std::array<NodeSet, 2> decided_by_;
};

}  // namespace decentd
