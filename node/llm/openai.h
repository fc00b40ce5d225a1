// A backend for servers with OpenAI's /chat/completions: hosted services and local ones (llama.cpp,
// vLLM, Ollama, ...). One thread runs all calls of a backend.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "node/llm/backend.h"
#include "node/llm/backend_config.h"

namespace decentd::llm {

// INVALID_ARGUMENT names the setting that is wrong. The server is not contacted before the first
// call.
absl::StatusOr<std::shared_ptr<Backend>> MakeOpenAi(const OpenAiConfig& config);

}  // namespace decentd::llm
