// decentctl: sets up nodes and rosters, asks the council and checks its proofs.
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tools/decentctl/commands.h"
#include "tools/decentctl/context.h"
#include "tools/decentctl/exit_codes.h"
#include "tools/decentctl/online_commands.h"

namespace decentd {
namespace {

using AddCommands = void (*)(CLI::App& app, Context& context);

// One line for each command group, in the order of --help.
constexpr AddCommands kCommandGroups[] = {
    AddInitCommands,        // init, card
    AddRosterCommands,      // roster create, add, replace, remove, show
    AddRosterChangeCommands,  // roster adopt, retire, status
    AddConfigCommands,      // config show, check
    AddClientCommands,      // client init
    AddKeyCommands,         // key show, passphrase
    AddAskCommands,         // ask
    AddRoundsCommands,      // rounds ls, show, export
    AddProofCommands,       // verify, replay
    AddNodeCommands,        // status, peers
    AddEvidenceCommands,    // evidence ls, export, verify
    AddOperatorCommands,    // backup, log-level
    AddDatabaseCommands,    // db check, repair, compact
    AddDoctorCommand,       // doctor
    AddDrillCommand,        // drill
    AddCompletionCommands,  // completion bash
};

std::string ExitCodeHelp() {
  std::string text = "Exit status:\n";
  for (const auto& [code, meaning] : kExitCodeMeanings) {
    const std::string number = std::to_string(static_cast<int>(code));
    text += std::string(4 - number.size(), ' ') + number + "  " + std::string(meaning) + "\n";
  }
  return text;
}

// The deepest command that the line named, so that a usage error points at the right help.
const CLI::App* NamedCommand(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return command;
}

std::string PathOf(const CLI::App* command) {
  std::string path = command->get_name();
  for (const CLI::App* up = command->get_parent(); up != nullptr; up = up->get_parent()) {
    path = up->get_name() + " " + path;
  }
  return path;
}

// The library finds a missing command before it finds that there is a wrong one.
std::string WhatIsWrong(const CLI::ParseError& error, const CLI::App& named) {
  const std::vector<std::string> unknown = named.remaining();
  const bool none = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
  const bool has_commands = !named.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (!none || !has_commands || unknown.empty() || unknown.front().starts_with('-')) {
    return error.what();
  }
  return "'" + unknown.front() + "' is no command";
}

int Main(int argc, char** argv) {
  Context context{std::cout, std::cerr, std::cin};
  CLI::App app("decentctl sets up decentd nodes, asks their council and checks its proofs.",
               "decentctl");
  app.set_version_flag("--version", "decentctl " DECENTD_VERSION);
  app.require_subcommand(1);
  for (AddCommands add : kCommandGroups) add(app, context);
  app.footer(ExitCodeHelp());  // last, for commands would inherit it

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, context.out, context.err);  // --help
    const ExitCode code = context.Fail(ExitCode::kUsage, WhatIsWrong(error, *NamedCommand(app)));
    context.err << "Run '" << PathOf(NamedCommand(app)) << " --help' for what it takes.\n";
    return static_cast<int>(code);
  }
  context.out.flush();
  if (!context.out) {
    context.exit = context.Fail(ExitCode::kError,
                                "cannot write the result to standard output; is the disk full?");
  }
  return static_cast<int>(context.exit);
}

}  // namespace
}  // namespace decentd

int main(int argc, char** argv) {
  try {
    return decentd::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "decentctl: error: internal error: " << error.what() << std::endl;
    return static_cast<int>(decentd::ExitCode::kError);
  }
}
