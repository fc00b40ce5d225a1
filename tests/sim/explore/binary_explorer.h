// Every behaviour of one binary agreement of four nodes, one of which lies, over its first rounds:
// breadth-first over deliveries to the real code, states told apart by what each node has heard and
// said. Looks for two honest nodes that decide differently, for a 1 without a certificate, for a
// vote said twice, and for a state in which honest nodes wait for ever although everything arrived.
#pragma once

#include <array>

#include "tests/sim/explore/search.h"

namespace decentd::explore {

struct BinaryScope {
  uint32_t first = 1, last = 1;  // rounds, at most kMostRounds
  // Where the first is 2: with which estimates the honest nodes come there. The first round went so
  // that all of these are possible: two held no certificate when they voted, one did.
  std::array<bool, kHonest> estimates{};
  bool certificate = true;   // the slot has one, which the liar may show to anybody
  bool reduce = true;        // see NodeStates
  Bounds bounds{};
};

Exploration ExploreBinary(const BinaryScope& scope, const Progress& progress = {});

}  // namespace decentd::explore
