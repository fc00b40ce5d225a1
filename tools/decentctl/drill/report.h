// What a drill found, for people and for scripts. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/core/roster.h"
#include "tools/decentctl/drill/attack.h"
#include "tools/decentctl/drill/liars.h"

namespace decentd::drill {

struct LiarCount {
  int liars = 0;
  std::vector<DrillRound> rounds;
  std::vector<std::string> convicted;         // liars that honest nodes hold evidence against
  std::vector<std::string> honest_convicted;  // always empty, unless the protocol is broken
  uint64_t faults = 0;                        // statements of liars that honest nodes refused
};

struct Report {
  Attack attack = Attack::kInflate;
  std::string question;
  RosterParameters parameters;
  int nodes = 0, f = 0, faulty_workers = 0, faulty_evaluators = 0;
  int withstands = 0;  // liars that the roster promises to withstand
  std::vector<LiarCount> counts;
  std::string directory;  // where the scratch files are kept; empty: they are not
};

// An honest answer won every round.
bool Stood(const LiarCount& count);
// The winner stood for every number of liars that the roster promises to withstand.
bool Held(const Report& report);

std::string RoundEndName(RoundEnd end);  // "honest_won", "liars_won", "no_decision", "split"

std::string ToTable(const Report& report);
std::string ToJson(const Report& report);  // one object, in a line for each member

}  // namespace decentd::drill
