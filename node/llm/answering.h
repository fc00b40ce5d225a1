// From a request for an answer to a backend's call, and from its result to what a node says. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/llm/backend.h"
#include "node/llm/models.h"

namespace decentd::llm {

// The last user message, without white space around it.
std::string LastQuestion(const std::vector<ChatMessage>& messages);

ModelCall MakeAnswerCall(AnswerRequest request, const std::string& system_prompt);

// An answer must be UTF-8, not blank, and fit a slot's payload; anything else abstains.
std::variant<Answer, Abstain> FinishAnswer(CallResult result);

// Fits an Abstain's bounds: one line of UTF-8.
Abstain Bounded(Abstain abstain);

// A model's name as it may appear in payloads.
std::string BoundedName(std::string_view name);

}  // namespace decentd::llm
