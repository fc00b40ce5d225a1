#include "tools/decentctl/context.h"

#include <utility>

namespace decentd {

ExitCode Context::Fail(ExitCode code, std::string_view message) const {
  out.flush();  // so that a terminal shows both in order
  err << "decentctl: error: " << message << std::endl;
  return code;
}

ExitCode Context::Fail(const absl::Status& status) const {
  const bool wrong_content = absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
                             absl::IsDataLoss(status) || absl::IsFailedPrecondition(status) ||
                             absl::IsPermissionDenied(status);
  return Fail(wrong_content ? ExitCode::kConfiguration : ExitCode::kError,
              std::string(status.message()));
}

void Context::Warn(std::string_view message) const {
  err << "decentctl: warning: " << message << std::endl;
}

void SetAction(CLI::App* command, Context& context, std::function<ExitCode()> action) {
  command->final_callback([&context, action = std::move(action)] { context.exit = action(); });
}

void SetExamples(CLI::App* command, std::initializer_list<std::string_view> examples) {
  std::string footer = "Examples:\n";
  for (std::string_view example : examples) {
    footer += "  ";
    footer += example;
    footer += '\n';
  }
  command->footer(footer);
}

}  // namespace decentd
