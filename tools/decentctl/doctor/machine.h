// What doctor looks at outside of decentd: disk, clock, files, ports. Each takes seconds at the most.
#pragma once

#include <string>

#include "node/config/node_config.h"
#include "node/core/roster.h"
#include "tools/decentctl/doctor/finding.h"

namespace decentd::doctor {

Finding LookAtKey(const std::string& path);
// Where the directory is not there yet, of the one in which it will be made; likewise below.
Finding LookAtSpace(const std::string& data_directory);
// Writes and syncs a small file there, and removes it.
Finding LookAtSyncTime(const std::string& data_directory);
// Whether the system says that it keeps time by others' clocks.
Finding LookAtClock();
// Opens and closes a connection to each node's addresses, this one's too.
Findings LookAtPorts(const Roster& roster, const std::string& self);

}  // namespace decentd::doctor
