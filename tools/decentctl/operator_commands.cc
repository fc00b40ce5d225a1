// What an operator asks of a running node on this machine: backup, log-level.
#include <memory>
#include <string>

#include "nlohmann/json.hpp"
#include "node/config/text.h"
#include "node/control/control_client.h"
#include "tools/decentctl/node_files.h"
#include "tools/decentctl/online_commands.h"

namespace decentd {
namespace {

struct OperatorArguments : NodeFiles {
  std::string out;
  std::string level;
  bool json = false;
};

ExitCode RunBackup(const OperatorArguments& arguments, const Context& context) {
  const auto node = ConnectToNode(arguments);
  if (!node.ok()) return FailOfNode(node.status(), context);
  context.err << "Copying the database to " << arguments.out << " ...\n";
  const absl::StatusOr<uint64_t> bytes = node->Backup(arguments.out);
  if (!bytes.ok()) return FailOfNode(bytes.status(), context);
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

ExitCode RunLogLevel(const OperatorArguments& arguments, const Context& context) {
  const auto node = ConnectToNode(arguments);
  if (!node.ok()) return FailOfNode(node.status(), context);
  const absl::StatusOr<std::string> before = node->SetLogLevel(arguments.level);
  if (!before.ok()) return FailOfNode(before.status(), context);
  context.out << "The node logs " << arguments.level << " until it stops; it was " << *before
              << ".\n";
  return ExitCode::kOk;
}

}  // namespace

void AddOperatorCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<OperatorArguments>();
  const auto add = [&](CLI::App* parent, const char* name, const char* help, bool json) {
    CLI::App* command = parent->add_subcommand(name, help);
    AddNodeFiles(command, *arguments);
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

}

}  // namespace decentd
