// POST /v1/rounds, GET /v1/rounds and what is below it.
#pragma once

#include <atomic>

#include "node/gateway/gateway_access.h"
#include "node/gateway/router.h"

namespace decentd {

// The round's id is the call's argument. Create and Events on the exchange's thread, the others,
// which read the store, on a worker's. Thread-safe.
class RoundReplies {
 public:
  // `access` outlives it, as it does the exchanges.
  explicit RoundReplies(const GatewayAccess& access) : access_(access) {}

  void Create(const Call& call) const;
  void List(const Call& call) const;
  void One(const Call& call) const;
  void Events(const Call& call) const;
  void Bundle(const Call& call);

 private:
  const GatewayAccess& access_;
  std::atomic<int> bundles_{0};  // on their way, each of them whole in memory
};

}  // namespace decentd
