// The node.yaml of a scratch node. Pure, thread-safe.
#pragma once

#include <string>

#include "node/config/node_config.h"

namespace decentd::drill {

// Where a scratch node is and who answers for it. Key, data and log are in its own folder, the
// roster in the one above.
struct ScratchNode {
  std::string name;
  int peer_port = 0, client_port = 0;  // of 127.0.0.1
};

// An honest node's: the models, their limits and their secrets' places as `real` has them, all paths
// absolute. ParseNodeConfig reads it.
std::string HonestNodeYaml(const ScratchNode& node, const NodeConfig& real);
// A liar's: both models play the script beside the roster.
std::string LyingNodeYaml(const ScratchNode& node, const std::string& script);

}  // namespace decentd::drill
