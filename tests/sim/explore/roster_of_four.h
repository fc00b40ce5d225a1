// The roster of an exploration: n = 4, f = 1. Keys are not used.
#pragma once

#include <string>
#include <vector>

#include "node/core/roster.h"

namespace decentd::explore {

// `workers`: the last so many nodes answer; all judge.
inline Roster RosterOfFour(int workers = 4) {
  std::vector<RosterNode> nodes(4);
  for (int i = 0; i < 4; ++i) {
    RosterNode& node = nodes[static_cast<size_t>(i)];
    node.name = "node-" + std::to_string(i);
    node.key.bytes = Sha256(node.name).bytes;
    node.worker = i >= 4 - workers;
  }
  RosterParameters parameters;
  parameters.criteria = PaperCriteria();
  return Roster(1, std::move(nodes), std::move(parameters));
}

}  // namespace decentd::explore
