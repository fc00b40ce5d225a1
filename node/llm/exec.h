// A backend that runs a program of the operator's for each call (its input and output:
// exec_wire.h). One thread for all calls.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "node/llm/backend.h"
#include "node/llm/backend_config.h"

namespace decentd::llm {

// INVALID_ARGUMENT names the setting that is wrong.
absl::StatusOr<std::shared_ptr<Backend>> MakeExec(const ExecConfig& config);

}  // namespace decentd::llm
