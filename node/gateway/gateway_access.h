// What the gateway's rooms share of the node that they stand in.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "crypto/signer.h"
#include "node/api/client_limits.h"
#include "node/api/council.h"
#include "node/api/query_check.h"
#include "node/core/roster.h"
#include "node/gateway/proofs.h"
#include "node/gateway/workers.h"

namespace decentd {

// Everything in it is thread-safe. `council` and what `check` and `roster` use outlive the gateway.
struct GatewayAccess {
  Council& council;
  QueryCheck check;
  std::function<Roster()> roster;     // that new questions are signed for
  std::shared_ptr<const Signer> key;  // that signs them
  // By API key: its SHA-256 in a public key's place; zeros for clients without one.
  std::shared_ptr<ClientLimits> limits;
  std::shared_ptr<Proofs> proofs;
  Workers& workers;
  std::chrono::milliseconds longest_wait;  // for a round's end
};

}  // namespace decentd
