// Rounds and their events as JSON, for GET /v1/rounds. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/api/council.h"

namespace decentd {

std::string RoundJson(const RoundSummary& round);
// The page in the shape of OpenAI's lists.
std::string RoundsJson(const std::vector<RoundSummary>& rounds, bool has_more);

// "answer.received", "round.decided", ...
std::string EventName(RoundEvent::Type type);
// As a server-sent event, its seq as its id.
std::string EventText(const RoundId& round, const RoundEvent& event);
// As a comment within a stream of another kind.
std::string EventComment(const RoundEvent& event);

}  // namespace decentd
