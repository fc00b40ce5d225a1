// The roster of a plan with everybody's keys. Immutable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/signer.h"
#include "node/core/message.h"
#include "node/core/roster.h"
#include "tests/sim/counting_signatures.h"
#include "tests/sim/plan.h"

namespace decentd::sim {

// The unix time at which a world begins.
inline constexpr int64_t kEpochMs = 1'700'000'000'000;

class Cluster {
 public:
  // Null: nothing is counted. What is counted for outlives the cluster.
  explicit Cluster(const Plan& plan, SignatureCounts* counts = nullptr);

  const Roster& roster() const { return *roster_; }
  const SignatureScheme& scheme() const { return *scheme_; }
  const Signer& signer(NodeIndex node) const { return *signers_[node.value]; }
  int n() const { return roster_->n(); }

  // A client's question, signed; `number` makes it differ from others.
  Envelope SignQuery(const std::string& question, uint64_t number, int64_t expiry_unix_ms,
                     int committee = 0) const;

 private:
  std::unique_ptr<const SignatureScheme> counting_;
  const SignatureScheme* scheme_;
  std::vector<std::unique_ptr<Signer>> signers_;
  std::unique_ptr<Signer> client_;
  std::unique_ptr<const Roster> roster_;
};

inline NodeIndex Index(int node) { return NodeIndex{static_cast<uint16_t>(node)}; }

}  // namespace decentd::sim
