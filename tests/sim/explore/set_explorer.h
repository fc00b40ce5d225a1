// Every behaviour, over its first binary rounds, of a set agreement of four nodes, one of which
// lies: proposals, echoes, certificates, deadlines and binary agreements of a panel of one or two.
// The liar is always in the panel. Besides what the binary explorer looks for: two certified
// proposals of a slot, input 0 without a deadline, a phase closed below its gate, and a node whose
// phase never ends, although everything was delivered, the deadlines passed and certified payloads
// were fetched.
//
// Each vote comes in a body of its own, so in any order, and a deadline at any time after it
// started, whatever else has arrived: more than a runtime does. Nobody is absent: links are not
// modelled. With such panels the gate is the whole panel, so that only the hard deadline closes.
#pragma once

#include "tests/sim/explore/search.h"
#include "tests/sim/explore/set_words.h"

namespace decentd::explore {

struct SetScope {
  int panel = 1;              // 1: only the liar proposes; 2: and an honest node
  uint32_t rounds = 1;        // at most kMostRounds
  bool reduce = true;         // see NodeStates and SetRules; of all but votes
  bool reduce_votes = true;   // of votes
  bool two_proposals = true;  // the liar proposes differently to different nodes
  bool liar_votes = true;     // in binary agreements
  Bounds bounds{};
};

Exploration ExploreSet(const SetScope& scope, const Progress& progress = {});

// Without reduction nodes begin outside the phase; with it, within.
bool AllEntered(const SaidByAll& said);

}  // namespace decentd::explore
