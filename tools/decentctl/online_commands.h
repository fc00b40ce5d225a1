// The commands that talk to nodes or check proofs; each group lives in the file of its name.
#pragma once

#include "CLI/CLI.hpp"
#include "tools/decentctl/context.h"

namespace decentd {

void AddAskCommands(CLI::App& app, Context& context);       // ask
void AddRoundsCommands(CLI::App& app, Context& context);    // rounds ls, show, export
void AddProofCommands(CLI::App& app, Context& context);     // verify, replay
void AddNodeCommands(CLI::App& app, Context& context);      // status, peers
void AddEvidenceCommands(CLI::App& app, Context& context);  // evidence ls, export, verify
void AddOperatorCommands(CLI::App& app, Context& context);  // backup, log-level
void AddDatabaseCommands(CLI::App& app, Context& context);  // db check, repair, compact
void AddDoctorCommand(CLI::App& app, Context& context);     // doctor
void AddDrillCommand(CLI::App& app, Context& context);      // drill

// Below the "roster" of AddRosterCommands: adopt, retire, status.
void AddRosterChangeCommands(CLI::App& app, Context& context);

}  // namespace decentd
