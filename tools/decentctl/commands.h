// The command groups of decentctl. Each adds its commands below `app` and lives in the file of its
// name; main.cc lists them in the order in which --help shows them.
#pragma once

#include "CLI/CLI.hpp"
#include "tools/decentctl/context.h"

namespace decentd {

void AddCompletionCommands(CLI::App& app, Context& context);  // completion bash; must come last

}  // namespace decentd
