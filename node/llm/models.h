// The node's answering and judging models, whatever backend is behind them (backends: openai.h,
// exec.h, scripted.h). Calls return at once; results arrive once on some other thread.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "node/core/message.h"

namespace decentd {

struct AnswerRequest {
  RoundId round;
  std::vector<ChatMessage> messages;
  Sampling sampling;
};

struct CandidateAnswer {
  NodeIndex author;  // never shown to the model
  Digest digest;     // of the slot; names the answer in caches
  std::string text;
};

struct JudgeRequest {
  RoundId round;
  NodeIndex evaluator;  // seeds the order in which answers are shown, with the round
  std::vector<ChatMessage> messages;
  std::vector<CandidateAnswer> answers;  // ascending by author, never empty
  std::vector<std::string> criteria;
};

// Scores for exactly the candidates of the request, in the request's order.
struct Judgement {
  std::vector<SheetEntry> entries;
  std::string scorer;  // "model prompt-version"
  Usage usage;
};

using AnswerDone = std::function<void(std::variant<Answer, Abstain>)>;
using JudgeDone = std::function<void(std::variant<Judgement, Abstain>)>;

// Thread-safe. A callback is called exactly once, also on failure, cancellation and shutdown
// (Abstain with the reason), never from inside the call that took it.
class Models {
 public:
  virtual ~Models() = default;
  virtual void Answer(AnswerRequest request, AnswerDone done) = 0;
  virtual void Judge(JudgeRequest request, JudgeDone done) = 0;
  // A hint that this answer of the round will be judged: a backend that judges one answer a call
  // starts now and keeps the result for Judge. Others ignore it.
  virtual void PrepareJudge(JudgeRequest one_answer) = 0;
  // The round is over: stop its calls and forget what was prepared.
  virtual void Cancel(const RoundId& round) = 0;
};

}  // namespace decentd
