// Rounds and their events as JSON, for GET /v1/rounds. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/api/council.h"
#include "node/core/roster.h"

namespace decentd {

// `evidence`: of this round. `account`: the object "decent" as JSON, empty while there is none.
std::string RoundJson(const RoundSummary& round, const std::string& account,
                      const std::vector<StoredEvidence>& evidence, const Roster& roster);
enum class Expand : uint8_t {
  kNothing,
  kResult,  // "result": the account without its agents, for lists that are looked at all the time
  kDecent,  // "decent": all of it
};

// The page in the shape of OpenAI's lists. `accounts`: one for each round, unless nothing is
// expanded.
std::string RoundsJson(const std::vector<RoundSummary>& rounds, Expand expand,
                       const std::vector<std::string>& accounts, bool has_more);

// "answer.received", "round.decided", ...
std::string EventName(RoundEvent::Type type);
// As a server-sent event, its seq as its id.
std::string EventText(const RoundId& round, const RoundEvent& event);
// As a comment within a stream of another kind.
std::string EventComment(const RoundEvent& event);

}  // namespace decentd
