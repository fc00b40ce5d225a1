// What an operator asks of a running node on this machine: backup, compact, log-level.
#include <memory>
#include <string>

#include "nlohmann/json.hpp"
#include "node/config/files.h"
#include "node/config/node_config.h"
#include "node/config/text.h"
#include "node/control/control_client.h"
#include "tools/decentctl/online_commands.h"

namespace decentd {
namespace {

struct OperatorArguments {
  std::string directory = ".";
  std::string file;
  std::string out;
  std::string level;
  bool json = false;
};

ExitCode FailOf(const absl::Status& status, const Context& context) {
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

absl::StatusOr<ControlClient> Connect(const OperatorArguments& arguments) {
  const std::string path =
      arguments.file.empty() ? RelativeTo(arguments.directory + "/", "node.yaml") : arguments.file;
  absl::StatusOr<LoadedNodeConfig> loaded = LoadNodeConfig(path);
  if (!loaded.ok()) return loaded.status();
  return ControlClient::For(loaded->config.data_directory);
}

ExitCode RunBackup(const OperatorArguments& arguments, const Context& context) {
  const auto node = Connect(arguments);
  if (!node.ok()) return FailOf(node.status(), context);
  context.err << "Copying the database to " << arguments.out << " ...\n";
  const absl::StatusOr<uint64_t> bytes = node->Backup(arguments.out);
  if (!bytes.ok()) return FailOf(bytes.status(), context);
  if (arguments.json) {
    context.out << nlohmann::json{{"directory", arguments.out}, {"bytes", *bytes}}.dump() << "\n";
    return ExitCode::kOk;
  }
  context.out << "Copied " << *bytes << " bytes. The key is not in the copy: keep identity.key, "
              << "roster.yaml and node.yaml apart from it.\n"
              << "A node that is given the copy back starts once with --accept-lost-database, and "
              << "sits out the questions that were open.\n";
  return ExitCode::kOk;
}

ExitCode RunCompact(const OperatorArguments& arguments, const Context& context) {
  const auto node = Connect(arguments);
  if (!node.ok()) return FailOf(node.status(), context);
  const auto bytes = node->Compact();
  if (!bytes.ok()) return FailOf(bytes.status(), context);
  if (arguments.json) {
    context.out << nlohmann::json{{"bytes_before", bytes->first}, {"bytes_after", bytes->second}}
                << "\n";
  } else {
    context.out << bytes->first << " bytes before, " << bytes->second << " after.\n";
  }
  return ExitCode::kOk;
}

ExitCode RunLogLevel(const OperatorArguments& arguments, const Context& context) {
  const auto node = Connect(arguments);
  if (!node.ok()) return FailOf(node.status(), context);
  const absl::StatusOr<std::string> before = node->SetLogLevel(arguments.level);
  if (!before.ok()) return FailOf(before.status(), context);
  context.out << "The node logs " << arguments.level << " until it stops; it was " << *before
              << ".\n";
  return ExitCode::kOk;
}

}  // namespace

void AddOperatorCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<OperatorArguments>();
  const auto add = [&](CLI::App* parent, const char* name, const char* help, bool json) {
    CLI::App* command = parent->add_subcommand(name, help);
    CLI::Option* directory =
        command->add_option("--dir", arguments->directory, "Folder of the node, with node.yaml")
            ->capture_default_str();
    command->add_option("--config", arguments->file, "The node's configuration")
        ->excludes(directory);
    if (json) command->add_flag("--json", arguments->json, "As JSON");
    return command;
  };

  CLI::App* backup = add(&app, "backup", "Copy a running node's database", true);
  backup->add_option("--out", arguments->out, "Directory to make; must not be there yet")
      ->required();
  SetExamples(backup, {"decentctl backup --dir alice --out /backup/alice-2026-11-25",
                       "decentctl backup --config /etc/decentd/node.yaml --out /backup/today --json"});
  SetAction(backup, context, [arguments, &context] { return RunBackup(*arguments, context); });

  CLI::App* level = add(&app, "log-level", "Change what a running node logs", false);
  level->add_option("level", arguments->level, "debug, info, warn or error")
      ->required()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  SetExamples(level, {"decentctl log-level debug --dir alice"});
  SetAction(level, context, [arguments, &context] { return RunLogLevel(*arguments, context); });

  CLI::App* compact =
      add(&app, "compact", "Give the space of what a running node deleted back to the disk", true);
  SetExamples(compact, {"decentctl compact --dir alice"});
  SetAction(compact, context, [arguments, &context] { return RunCompact(*arguments, context); });
}

}  // namespace decentd
