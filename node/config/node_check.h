// Whether a node's configuration, key, roster and secrets fit together. For `decentctl config
// check` and for the daemon before it starts. Reads files; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "node/config/node_config.h"

namespace decentd {

struct NodeCheck {
  std::vector<std::string> problems;  // the node must not start
  std::vector<std::string> warnings;  // it may, but an operator should know
};

// Looks at all of it and goes on after a problem, so that one run tells everything. Asks for no
// passphrase: of the key file it reads what is in clear.
NodeCheck CheckNode(const NodeConfig& config, const Environment& environment);

}  // namespace decentd
