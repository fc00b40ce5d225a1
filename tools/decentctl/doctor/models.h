// Asks the node's own models to answer and to score, for doctor --deep. Takes as long as they do.
#pragma once

#include "node/config/node_config.h"
#include "node/core/roster.h"
#include "tools/decentctl/doctor/finding.h"

namespace decentd::doctor {

// The answering model a question; the judging one a right answer beside an absurd one.
Findings AskModels(const NodeConfig& config, const Roster& roster);

}  // namespace decentd::doctor
