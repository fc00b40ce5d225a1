// What every command of decentctl is given, and how it says what went wrong.
#pragma once

#include <functional>
#include <initializer_list>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {

// Lives as long as the program. Single-threaded.
struct Context {
  std::ostream& out;  // results, and nothing else
  std::ostream& err;  // errors, hints and progress
  std::istream& in;
  ExitCode exit = ExitCode::kOk;  // of the command that ran

  // Writes "decentctl: error: <message>" to `err` and returns `code`. The message says what was
  // expected and the way out.
  ExitCode Fail(ExitCode code, std::string_view message) const;
  // The same for a status of the local files: kConfiguration where the content is wrong or a file
  // is missing, kError where the disk or the system refused.
  ExitCode Fail(const absl::Status& status) const;
  // Writes "decentctl: warning: <message>" to `err`.
  void Warn(std::string_view message) const;
};

// Runs `action` when the command line names `command`; its result is the exit status. Options are
// bound by the caller to storage that the action owns (a shared_ptr to the command's arguments).
void SetAction(CLI::App* command, Context& context, std::function<ExitCode()> action);

// The footer of a command's --help: "Examples:" and one line for each.
void SetExamples(CLI::App* command, std::initializer_list<std::string_view> examples);

}  // namespace decentd
