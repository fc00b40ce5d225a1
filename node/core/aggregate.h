// From agreed answers and score sheets to a ranking (docs/SPEC.md, aggregation; the paper, section
// III). Pure: the same input gives the same bits on every machine. The only floating point of the
// core lives behind this header.
#pragma once

#include <cstdint>
#include <vector>

#include "node/core/ids.h"
#include "node/core/message.h"
#include "node/core/roster.h"

namespace decentd {

struct AggregateAnswer {
  NodeIndex author;
  Digest digest;  // slot digest
};

struct AggregateSheet {
  NodeIndex author;
  std::vector<SheetEntry> entries;  // exactly the answers, in their order
};

// Abstentions removed; answers and sheets ascending by author; at least one of each.
struct AggregateInput {
  std::vector<AggregateAnswer> answers;
  std::vector<AggregateSheet> sheets;
  Digest sheets_digest;  // H(S), part of the lot that breaks ties
};

struct AggregateResult {
  // One for each answer, in the input's order: what to show people, outside the result digest.
  // Micro-points, 0..20'000'000, of the mean criterion (for duels and centred scores see
  // node/core/aggregate/ranking.h).
  std::vector<int64_t> shown_scores;
  // Positions of the input's answers, best first; never empty. Equal scores are ordered by the
  // largest SHA-256(answer digest, digest of the agreed sheets).
  std::vector<size_t> ranking;
  // How many sheets would have to be rewritten in favour of one rival to change the winner, at most:
  // so many do, and fewer that are chosen better may (ranking.h). Sheets + 1 when nothing could: a
  // single answer.
  int flip_margin = 0;
  // For each sheet the mean over the answers of how far its mean criterion is from the shown score,
  // micro-points: who is off.
  std::vector<int64_t> sheet_distance;
  // SHA-256 of the rule's exact integer scores and the ranking: what the verdict holds.
  Digest digest;
};

// REQUIRES: input as described, authors of the roster, scores of all its criteria in range; at most
// limits::kMaxNodes answers and sheets. Anything else ends the process: check bytes of others
// first. The rule is given apart from the roster's own, so that tools can compare rules.
// Thread-safe.
AggregateResult Aggregate(const Roster& roster, Rule rule, const AggregateInput& input);

}  // namespace decentd
