// One honest node of a lone binary agreement of four, by the real BinaryAgreement.
#pragma once

#include <optional>
#include <vector>

#include "node/core/binary_agreement.h"
#include "tests/sim/explore/node_states.h"

namespace decentd::explore {

class BinaryRules {
 public:
  using State = NodeState<Heard, Said, BinaryAgreement>;
  // What honest nodes have sent it so far, and whether it may be shown the slot's certificate.
  struct Sent {
    uint64_t votes = 0;
    bool certificate = false;
    friend bool operator==(const Sent&, const Sent&) = default;
    template <class H>
    friend H AbslHashValue(H h, const Sent& sent) {
      return H::combine(std::move(h), sent.votes, sent.certificate);
    }
  };
  using SentToAll = Sent;

  BinaryRules(const Roster& roster, const VoteScope& scope);

  State Fresh() const { return {{}, {}, fresh_, {}, {}}; }
  Heard Reduced(const Heard& heard) const { return scope_.reduce ? heard.Saturated() : heard; }
  // All of these: true when the node says something.
  bool Deliver(const Word& word, State& state) const;
  std::optional<Heard> Foreseen(const Word& word, Heard heard) const;
  Word Image(Word word, int way) const;
  std::vector<Word> Menu(const State& state, int group, const Sent& sent) const;
  bool Beyond(const State& state) const { return state.said.Began(scope_.last + 1); }
  struct Rest Rest(State state, const Sent& sent, bool decided_first) const;

 private:
  const VoteScope scope_;
  const BinaryAgreement fresh_;
};

}  // namespace decentd::explore
