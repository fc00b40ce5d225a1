// Links of an adversary: the node behind them is honest, what leaves it is not. Never part of
// decentd.
#pragma once

#include <cstdint>
#include <memory>

#include "crypto/signer.h"
#include "node/core/roster.h"
#include "node/transport/links.h"

namespace decentd::drill {

enum class LinkAttack : uint8_t {
  kFork,     // shows every other peer another proposal than the rest, validly signed
  kSilent,   // says nothing once linked, not even that it lives
  kGarbage,  // broken signatures, random bodies, words put into its peers' mouths
};

// Thread-safe, as all Links. `real` and what else is passed in outlive the result.
std::unique_ptr<Links> MakeHostileLinks(LinkAttack attack, Links& real, const Signer& identity,
                                        const Roster& roster, NodeIndex self);

}  // namespace decentd::drill
