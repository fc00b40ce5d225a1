// From node.yaml's words to what the model room takes: the two rooms do not know each other.
#pragma once

#include "absl/status/statusor.h"
#include "node/config/node_config.h"
#include "node/llm/backend_config.h"

namespace decentd {

// Reads the API keys. Errors of ResolveApiKey, with the model's name in front.
absl::StatusOr<llm::ModelsConfig> MakeModelsConfig(const NodeConfig& config,
                                                   const Environment& environment);

}  // namespace decentd
