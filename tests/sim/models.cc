#include "tests/sim/models.h"

#include <string>

#include "node/core/limits.h"

namespace decentd::sim {

bool SeededModels::Fails(Reply* reply) {
  reply->after_ms = random_.Between(plan_.shortest_ms, plan_.longest_ms);
  if (!random_.Chance(plan_.fails_permille)) return false;
  reply->payload = Abstain{AbstainReason::kModelFailed, "the model is out of order"};
  return true;
}

std::optional<Reply> SeededModels::Answer(const AnswerRequest& request) {
  Reply reply;
  if (random_.Chance(plan_.silent_permille)) return std::nullopt;
  if (Fails(&reply)) return reply;
  std::string text = "answer " + std::to_string(random_.Below(1000)) + " of node " +
                     std::to_string(self_.value) + " to " + request.messages.back().content;
  if (random_.Chance(plan_.garbage_permille)) {
    switch (random_.Below(3)) {
      case 0: text = ""; break;
      case 1: text = "\xff\xfe\x00 no text"; break;
      default: text.assign(limits::kMaxPayloadBytes + 1, 'x'); break;
    }
  }
  reply.payload = decentd::Answer{std::move(text), "simulated", "stop", {}};
  return reply;
}

std::optional<Reply> SeededModels::Judge(const JudgeRequest& request) {
  Reply reply;
  if (random_.Chance(plan_.silent_permille)) return std::nullopt;
  if (Fails(&reply)) return reply;
  const bool garbage = random_.Chance(plan_.garbage_permille);
  Sheet sheet{{}, {}, "simulated", {}};
  for (const CandidateAnswer& candidate : request.answers) {
    SheetEntry entry{candidate.author, {}};
    // An answer has a worth that all honest judges see, each with a little noise.
    const int64_t worth = 4'000 + candidate.digest.bytes[0] * 40;
    for (size_t i = 0; i < request.criteria.size(); ++i) {
      entry.scores.push_back(static_cast<uint32_t>(worth + random_.Between(0, 2'000)));
    }
    if (garbage) entry.scores.back() = limits::kMaxScore + 1;
    sheet.entries.push_back(std::move(entry));
  }
  reply.payload = std::move(sheet);
  return reply;
}

}  // namespace decentd::sim
