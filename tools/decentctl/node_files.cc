#include "tools/decentctl/node_files.h"

#include <utility>

#include "node/config/files.h"
#include "node/config/text.h"

namespace decentd {

void AddNodeFiles(CLI::App* command, NodeFiles& files) {
  CLI::Option* directory =
      command->add_option("--dir", files.directory, "Folder of the node, with node.yaml")
          ->capture_default_str();
  command->add_option("--config", files.file, "The node's configuration")->excludes(directory);
}

absl::StatusOr<NodeConfig> LoadNode(const NodeFiles& files) {
  const std::string path =
      files.file.empty() ? RelativeTo(files.directory + "/", "node.yaml") : files.file;
  absl::StatusOr<LoadedNodeConfig> loaded = LoadNodeConfig(path);
  if (!loaded.ok()) return loaded.status();
  return std::move(loaded->config);
}

absl::StatusOr<ControlClient> ConnectToNode(const NodeFiles& files) {
  const absl::StatusOr<NodeConfig> config = LoadNode(files);
  if (!config.ok()) return config.status();
  return ControlClient::For(config->data_directory);
}

ExitCode FailOfNode(const absl::Status& status, const Context& context) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return context.Fail(ExitCode::kUnreachable, MessageOf(status));
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
      return context.Fail(status);
    default:
      return context.Fail(ExitCode::kError, MessageOf(status));
  }
}

}  // namespace decentd
