// Language models that answer after a seeded time with a seeded answer, fail, talk garbage or never
// come back.
#pragma once

#include <optional>

#include "node/core/message.h"
#include "node/core/roster.h"
#include "node/llm/models.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"

namespace decentd::sim {

struct Reply {
  int64_t after_ms = 0;
  Payload payload;
};

// Nothing: it never replies.
class SimModels {
 public:
  virtual ~SimModels() = default;
  virtual std::optional<Reply> Answer(const AnswerRequest& request) = 0;
  virtual std::optional<Reply> Judge(const JudgeRequest& request) = 0;
};

// An honest node's: what its answers are worth and how it marks differ a little from node to node.
class SeededModels final : public SimModels {
 public:
  SeededModels(const ModelPlan& plan, NodeIndex self, Random random)
      : plan_(plan), self_(self), random_(random) {}
  std::optional<Reply> Answer(const AnswerRequest& request) override;
  std::optional<Reply> Judge(const JudgeRequest& request) override;

 private:
  bool Fails(Reply* reply);

  const ModelPlan plan_;
  const NodeIndex self_;
  Random random_;
};

}  // namespace decentd::sim
