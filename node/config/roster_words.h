// What a roster means, for people (`decentctl roster show`) and as JSON for scripts. Pure.
#pragma once

#include <string>

#include "node/core/roster.h"

namespace decentd {

// Several lines: cluster id, nodes, how many may lie or be down, quorum and gates in plain words,
// and a warning where the council survives no fault.
std::string RosterInWords(const Roster& roster);

// One JSON object with the same facts: cluster_id, epoch, n, f, quorum, workers and evaluators
// (size, faulty, gate, minimum), rule, nodes, warnings.
std::string RosterInJson(const Roster& roster);

}  // namespace decentd
