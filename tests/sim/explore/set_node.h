// One honest node of a set agreement of four in the answer phase, by the real SetAgreement with the
// real Broadcast. Which of the honest nodes it is makes no difference to the code before there are
// hints and absences, neither of which is explored; so each is node 0 to itself.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "node/core/set_agreement.h"
#include "tests/sim/explore/node_states.h"
#include "tests/sim/explore/set_messages.h"
#include "tests/sim/explore/set_words.h"

namespace decentd::explore {

// What honest nodes have sent a node so far, and what it may be shown.
struct SetSent {
  std::array<uint64_t, kMostSlots> votes{};            // Heard
  std::array<BroadcastHeard, kMostSlots> broadcasts{};  // echoes
  std::array<ValueMask, kMostSlots> certificates{};     // of which proposals
  uint8_t entered_by = 0;

  friend bool operator==(const SetSent&, const SetSent&) = default;
  template <class H>
  friend H AbslHashValue(H h, const SetSent& sent) {
    for (size_t slot = 0; slot < kMostSlots; ++slot) {
      h = H::combine(std::move(h), sent.votes[slot], sent.broadcasts[slot].bits(),
                     sent.certificates[slot]);
    }
    return H::combine(std::move(h), sent.entered_by);
  }
};

// VoteScope::reduce is of votes alone; `reduce` here of all the rest.
struct SetVoteScope {
  VoteScope votes;
  bool reduce = true;
  bool two_proposals = true;  // the liar makes them
};

// With reduction a step's words are of one slot, for slots have nothing in common but the clock and
// the gate; without it of any.
class SetRules {
 public:
  using State = NodeState<SetHeard, SetSaid, SetAgreement>;
  using Sent = SetSent;
  using SentToAll = SetSent;

  SetRules(const Roster& roster, SetMessages& messages, const SetVoteScope& scope);

  int groups() const { return scope_.reduce ? messages_.slots() : 1; }
  // The part of it that matters to a group.
  SetSent For(int group, const SetSent& sent) const;

  State Fresh() const { return {{}, {}, fresh_, {}, {}}; }
  SetHeard Reduced(const SetHeard& heard) const;
  bool Deliver(const Word& word, State& state) const;
  // What will have been heard with it, where it changes nothing else and the node says nothing.
  std::optional<SetHeard> Foreseen(const Word& word, SetHeard heard) const;
  Word Image(Word word, int way) const;
  std::vector<Word> Menu(const State& state, int group, const SetSent& sent) const;
  bool Beyond(const State& state) const;
  struct Rest Rest(State state, const SetSent& sent, bool decided_first) const;

 private:
  const Broadcast& broadcast(const State& state, int slot) const;
  bool OfLiar(int slot) const { return slot == messages_.slots() - 1; }
  void AddOfBroadcast(const State& state, int slot, const SetSent& sent,
                      std::vector<Word>& menu) const;
  void AddEchoes(const State& state, int slot, ValueMask digest, const SetSent& sent,
                 std::vector<Word>& menu) const;
  void AddOfClock(const State& state, const SetSent& sent, std::vector<Word>& menu) const;
  bool Speaks(const Word& word, State state) const { return Deliver(word, state); }
  bool Matters(const Word& deadline, State state) const;
  bool Certifies(const State& state, const Word& echoes) const;
  void TakeEnters(uint8_t senders, State& state, Effects& out) const;
  void NoteBroadcast(int slot, State& state) const;
  void NoteVotes(const std::vector<Vote>& votes, State& state) const;
  // What an honest node does not do, noted in the state.
  void Judge(State& state) const;
  bool MayInputZero(int slot, const State& state) const;
  bool MayClose(Closed why, const State& state) const;

  const Roster& roster_;
  SetMessages& messages_;
  const SetVoteScope scope_;
  const SetAgreement fresh_;
};

}  // namespace decentd::explore
