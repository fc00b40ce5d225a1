// How answers are shown to a judge (docs/SPEC.md, section 7): without authors, in an order seeded
// by round and evaluator, each between fences that no answer can contain. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/llm/backend.h"
#include "node/llm/backend_config.h"
#include "node/llm/models.h"
#include "node/llm/prompts.h"

namespace decentd::llm {

// Shown position -> index in the request: a Fisher-Yates shuffle driven by SHA-256 of round and
// evaluator, equal on every platform.
std::vector<size_t> JudgeOrder(const RoundId& round, NodeIndex evaluator, size_t count);

// Eight hexadecimal digits that are in none of the texts. They depend on every text, so that an
// author who does not know the others' texts cannot even foresee them.
std::string JudgeFence(const RoundId& round, NodeIndex evaluator,
                       const std::vector<std::string>& texts);

// The texts, those above their fair share of `budget` cut at a character with a note in their
// place.
std::vector<std::string> FitTexts(std::vector<std::string> texts, size_t budget);

// The form of a reply as a JSON schema: {"A1": [0..20, one a criterion], ...}. Lists, because names
// would cost several times as many tokens, and tokens are what judging waits for.
std::string JudgeSchema(const std::vector<std::string>& ids, size_t criteria);

struct JudgePrompt {
  std::vector<ChatMessage> messages;
  JudgeTask task;
  std::vector<size_t> order;  // shown position -> index in the request
  std::string form;           // the reply with N for every number
  uint32_t max_tokens = 0;
};

// All answers of the request in one prompt; `answers_bytes` replaces the setting of that name.
JudgePrompt MakeJudgePrompt(const PromptSet& prompts, const JudgeSettings& settings,
                            const JudgeRequest& request, size_t answers_bytes);

// The conversation that asks once more after a reply that `problem` describes.
std::vector<ChatMessage> MakeRepairPrompt(const PromptSet& prompts, const JudgePrompt& first,
                                          std::string_view reply, std::string_view problem);

}  // namespace decentd::llm
