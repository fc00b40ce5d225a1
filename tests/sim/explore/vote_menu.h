// What may arrive at an honest node, as a word, and which votes of one binary agreement may come
// next. Shared by the explorers. Values.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/explore/binary_words.h"

namespace decentd::explore {

// One thing that may arrive. Senders as the node sees them (binary_words.h).
struct Word {
  enum class Type : uint8_t {
    kCertificate, kInput, kEst, kAux, kDecided,  // input: of a lone binary agreement
    kJoin, kPropose, kEchoes, kEnter, kSoft, kHard
  } type;
  // Where the type names more than one: a mask. Of a certificate its signers; of a deadline those
  // whose ENTER come just before it.
  uint8_t sender = 0;
  uint8_t round = 0;
  ValueMask values = 0;  // or the digest: 1 or 2
  uint8_t slot = 0;
};

// Which votes are explored.
struct VoteScope {
  uint32_t first = 1, last = 1;  // rounds, up to kMostRounds
  bool reduce = true;            // of votes that count alike only the first; see NodeStates
  bool liar = true;              // the liar votes
};

// Rounds of which AUX may come; without reduction all of them.
struct RoundRange {
  uint32_t first = 1, last = 1;
};

// Adds what may come of the honest nodes' votes in `sent` and, as it likes, of the liar's. With
// reduction a node that has decided takes only what it may still relay.
void AddNextVotes(const VoteScope& scope, const Heard& heard, const Said& said, const Heard& sent,
                  RoundRange aux, uint8_t slot, std::vector<Word>& menu);

// Adds all of the honest nodes' votes that have not come yet: EST on its own, for it comes last
// where it is to help least.
void AddAllEst(const VoteScope& scope, const Heard& heard, const Heard& sent, uint8_t slot,
               std::vector<Word>& words);
void AddAllOthers(const VoteScope& scope, const Heard& heard, const Heard& sent,
                  bool decided_first, uint8_t slot, std::vector<Word>& words);

// Notes a vote as heard.
void Note(const Word& vote, Heard& heard);

}  // namespace decentd::explore
