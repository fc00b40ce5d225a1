// One judgement of one or more answers by one prompt: the first call, one more when the reply has
// no usable marks, and one with shorter texts when the server refuses the prompt (docs/SPEC.md,
// section 7). Holds no thread; whoever runs the calls hands the results in, one after the other.
#pragma once

#include <cstddef>
#include <variant>

#include "node/llm/backend.h"
#include "node/llm/backend_config.h"
#include "node/llm/judge_prompt.h"
#include "node/llm/models.h"
#include "node/llm/prompts.h"

namespace decentd::llm {

using JudgeResult = std::variant<Judgement, Abstain>;

// Sums; unknown where either is.
Usage AddUsage(const Usage& a, const Usage& b);

class JudgeRun {
 public:
  // REQUIRES: prompts and settings outlive the run; the request has answers and criteria.
  JudgeRun(const PromptSet* prompts, const JudgeSettings* settings, JudgeRequest request,
           Clock::time_point deadline);

  ModelCall FirstCall();
  // What to do after a call ended: the next call, or the result.
  std::variant<ModelCall, JudgeResult> Next(CallResult result);

  const RoundId& round() const { return request_.round; }

 private:
  ModelCall Call(std::vector<ChatMessage> messages) const;
  std::string Scorer(const std::string& model) const;

  const PromptSet* prompts_;
  const JudgeSettings* settings_;
  JudgeRequest request_;
  Clock::time_point deadline_;
  JudgePrompt prompt_;
  bool shortened_ = false;
  bool repaired_ = false;
  std::optional<Usage> usage_;
};

}  // namespace decentd::llm
