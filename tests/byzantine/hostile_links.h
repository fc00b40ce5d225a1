// Links of an adversary: the node behind them is honest, what leaves it is not. For tests only;
// built from the daemon's own code and never installed.
#pragma once

#include <memory>
#include <string>

#include "crypto/signer.h"
#include "node/core/roster.h"
#include "node/transport/links.h"

namespace decentd::testing {

enum class Attack {
  kForge,       // breaks the signatures of what it says, and puts words into its peers' mouths
  kEquivocate,  // shows every other peer another proposal than the rest, validly signed
};

// `real` and what else is passed in outlive the result.
std::unique_ptr<Links> MakeHostileLinks(Attack attack, Links& real, const Signer& identity,
                                        const Roster& roster, NodeIndex self);

}  // namespace decentd::testing
