// The daemon's Models, made of one backend that answers and one that judges.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "node/llm/backend.h"
#include "node/llm/backend_config.h"
#include "node/llm/models.h"
#include "node/llm/prompts.h"

namespace decentd::llm {

// Starts the backends' threads. INVALID_ARGUMENT or NOT_FOUND says which setting or file is wrong
// and what is expected; no secret is in it.
absl::StatusOr<std::unique_ptr<Models>> MakeModels(const ModelsConfig& config);

// For MakeModels and tests. Null backends abstain with kNotConfigured; both may be the same.
std::unique_ptr<Models> ComposeModels(std::shared_ptr<Backend> answer,
                                      std::shared_ptr<Backend> judge, std::string system_prompt,
                                      JudgeSettings settings, PromptSet prompts);

}  // namespace decentd::llm
