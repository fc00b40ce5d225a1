// A backend that plays a script: no model, no network, any delay. Replies pass the same checks as a
// model's. One thread for all calls.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "node/llm/backend.h"
#include "node/llm/backend_config.h"

namespace decentd::llm {

// `node` is the name that the script's rules know this node by.
absl::StatusOr<std::shared_ptr<Backend>> MakeScripted(const ScriptedConfig& config,
                                                      const std::string& node);

}  // namespace decentd::llm
