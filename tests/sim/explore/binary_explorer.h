// Every behaviour of one binary agreement of four nodes, one of which lies, over its first rounds:
// breadth-first over deliveries to the real code, states told apart by what each node has heard and
// said. Looks for two honest nodes that decide differently, for a 1 without a certificate, for a
// vote said twice, and for a state in which honest nodes wait for ever although everything arrived.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/explore/binary_node.h"

namespace decentd::explore {

struct BinaryScope {
  uint32_t first = 1, last = 1;  // rounds, at most kMostRounds
  // Where the first is 2: with which estimates the honest nodes come there. The first round went so
  // that all of these are possible: two held no certificate when they voted, one did.
  std::array<bool, kHonest> estimates{};
  bool certificate = true;   // the slot has one, which the liar may show to anybody
  bool reduce = true;        // see BinaryNode
  uint64_t most_states = 0;  // 0: all there are
};

// What each honest node has said; ascending, for they are alike.
using SaidByAll = std::array<uint32_t, kHonest>;

struct Finding {
  std::string what;
  std::vector<std::string> steps;  // how it came to that, one delivery a line
};

struct Exploration {
  uint64_t states = 0, transitions = 0;
  uint64_t quiet = 0;   // states from which nothing more comes although all was delivered
  size_t node_states = 0;
  bool complete = false;
  // All that honest nodes can have said together, to compare explorations; ascending.
  std::vector<SaidByAll> said;
  std::optional<Finding> finding;  // the first in breadth-first order; ends the exploration
};

// `progress` is called now and then with the number of states so far.
Exploration ExploreBinary(const BinaryScope& scope,
                          const std::function<void(uint64_t states)>& progress = {});

}  // namespace decentd::explore
