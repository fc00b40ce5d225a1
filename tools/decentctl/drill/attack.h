// The attacks of a drill: what their liars are, and what they say. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace decentd::drill {

// Liars always want the same wrong answer to win: their answering models give it, their judging
// models give it full marks and all others none. Only a copier does neither.
enum class Attack : uint8_t { kInflate, kFork, kCopy, kSilent, kGarbage, kInject };

struct AttackWords {
  Attack attack;
  std::string_view name;  // of --attack
  std::string_view what;  // what liars do, in one sentence
};
const std::vector<AttackWords>& Attacks();
const AttackWords& WordsOf(Attack attack);

// Whether its liars break the protocol, which decentd cannot do: decentd-drill plays them. The
// others follow it and only their models lie.
bool BreaksProtocol(Attack attack);

// INVALID_ARGUMENT says what a lie may be.
absl::Status CheckLie(std::string_view lie);
// The liars' models as a scripted backend's file of JSON lines. REQUIRES: CheckLie is OK.
std::string LyingScript(Attack attack, std::string_view lie);

}  // namespace decentd::drill
