// The one offline verifier: used by decentctl, by catching up, and by tests. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/core/aggregate.h"
#include "node/core/message.h"
#include "node/core/roster.h"
#include "node/core/verdict.h"
#include "node/core/verified.h"

namespace decentd {

// One line of what was checked, for people ("12 slot certificates of 3 signatures each").
struct Check {
  std::string name;  // stable, snake_case: "encoding", "roster", "query_signature", ...
  std::string detail;
};

// A bundle that passed every check. Made by VerifyBundle only.
class CheckedBundle {
 public:
  Roster roster;               // with the panels of this round
  bool authenticated = false;  // the roster is one that the reader trusts
  RoundId round;
  Query query;
  std::vector<std::pair<NodeIndex, Propose>> answers;  // of A, Abstains included, ascending
  std::vector<std::pair<NodeIndex, Propose>> sheets;   // of S, likewise
  std::vector<Verified<Decision>> decisions;           // equal verdicts
  Verdict verdict;
  std::optional<AggregateInput> input;       // what was aggregated; nothing unless decided
  std::optional<AggregateResult> aggregate;  // recomputed here
  std::string bytes;
  std::vector<Check> checks;

 private:
  explicit CheckedBundle(Roster r) : roster(std::move(r)) {}
  friend absl::StatusOr<CheckedBundle> VerifyBundle(std::string_view, const Roster*, int,
                                                    const SignatureScheme&);
};

// Checks, in this order, and returns INVALID_ARGUMENT "name: detail" of the first that fails:
// encoding, roster, query_signature, proposals, certificates, decisions, answer_set, sheet_set,
// sheets, verdict, aggregate. `trusted` may be null: then `authenticated` is false.
// `decisions_needed`: f+1 is correct and final, q is the round's certificate; 0 means q.
absl::StatusOr<CheckedBundle> VerifyBundle(std::string_view bytes, const Roster* trusted,
                                           int decisions_needed = 0,
                                           const SignatureScheme& scheme = Ed25519Scheme());

}  // namespace decentd
