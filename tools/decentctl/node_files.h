// Which node of this machine a command is about, by its folder or its configuration file.
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "node/config/node_config.h"
#include "node/control/control_client.h"
#include "tools/decentctl/context.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {

struct NodeFiles {
  std::string directory = ".";  // that of node.yaml
  std::string file;             // or the file itself
};

void AddNodeFiles(CLI::App* command, NodeFiles& files);

absl::StatusOr<NodeConfig> LoadNode(const NodeFiles& files);
// The node that runs with these files, which may turn out not to run at the first call.
absl::StatusOr<ControlClient> ConnectToNode(const NodeFiles& files);

// Says what went wrong with either: of the files, of a node that does not answer, or of what it
// was asked for.
ExitCode FailOfNode(const absl::Status& status, const Context& context);

}  // namespace decentd
