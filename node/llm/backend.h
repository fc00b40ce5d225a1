// One call of a language model. Prompts, parsing and the second attempt live above this
// (answering.h, judging.h), so that every backend behaves alike.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "node/core/message.h"

namespace decentd::llm {

using Clock = std::chrono::steady_clock;
using CallId = uint64_t;

// An answer as a judge sees it: without author, under the name that the reply must use.
struct ShownAnswer {
  std::string id;  // "A1", "A2", ...
  std::string text;
};

// What is judged, for backends that read structure rather than prompts.
struct JudgeTask {
  std::string question;              // the whole conversation
  std::vector<ShownAnswer> answers;  // in the order in which they are shown
  std::vector<std::string> criteria;
  std::string schema;  // JSON schema of the reply, as JSON text
};

struct ModelCall {
  RoundId round;
  std::string question;  // the last thing that the user of the council said
  std::vector<ChatMessage> messages;
  Sampling sampling;
  std::optional<JudgeTask> judge;  // nothing: the messages ask for an answer
  Clock::time_point deadline;      // kModelTimedOut at this time, waiting in queues included
};

// What the model said, unchecked: any bytes, any length up to the backend's own limit.
struct Completion {
  std::string text;
  std::string model;
  std::string finish_reason;
  Usage usage;  // without elapsed_ms, which the caller measures
};

struct CallFailure {
  Abstain abstain;
  bool prompt_rejected = false;  // HTTP 400 and the like: most often too long for the context
};

using CallResult = std::variant<Completion, CallFailure>;
using CallDone = std::function<void(CallResult)>;

inline CallFailure Failure(AbstainReason reason, std::string detail) {
  return {{reason, std::move(detail)}, false};
}

// Thread-safe. `done` is called exactly once, on a thread of the backend, never inside Complete or
// Cancel and with no lock held, so that it may call Complete again. Destruction ends all calls with
// kShuttingDown before it returns; nothing may be called from then on.
class Backend {
 public:
  virtual ~Backend() = default;
  // REQUIRES: an id not in use.
  virtual void Complete(CallId id, ModelCall call, CallDone done) = 0;
  // Ends the call soon, with kModelFailed "cancelled"; ignores ids that it does not know.
  virtual void Cancel(CallId id) = 0;
  // The longest that one answer or judgement may take.
  virtual std::chrono::milliseconds timeout() const = 0;
};

inline CallFailure Cancelled() {
  return Failure(AbstainReason::kModelFailed, "cancelled: the round is over");
}
inline CallFailure TimedOut(std::chrono::milliseconds limit) {
  return Failure(AbstainReason::kModelTimedOut,
                 "no reply from the model within " + std::to_string(limit.count()) + " ms");
}
inline CallFailure ShuttingDown() {
  return Failure(AbstainReason::kShuttingDown, "the node is shutting down");
}

}  // namespace decentd::llm
