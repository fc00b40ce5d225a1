// The command groups of decentctl. Each adds its commands below `app` and lives in the file of its
// name; main.cc lists them in the order in which --help shows them.
#pragma once

#include "CLI/CLI.hpp"
#include "tools/decentctl/context.h"

namespace decentd {

void AddInitCommands(CLI::App& app, Context& context);        // init, card
void AddRosterCommands(CLI::App& app, Context& context);      // roster create, add, replace, remove, show
void AddConfigCommands(CLI::App& app, Context& context);      // config show, check
void AddClientCommands(CLI::App& app, Context& context);      // client init
void AddKeyCommands(CLI::App& app, Context& context);         // key show, passphrase
void AddCompletionCommands(CLI::App& app, Context& context);  // completion bash

}  // namespace decentd
