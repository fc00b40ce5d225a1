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
  // One for each answer, in the input's order. Micro-points, 0..20'000'000: the mean criterion's
  // score where the rule works on totals or vectors; for people, outside the result digest.
  std::vector<int64_t> shown_scores;
  std::vector<size_t> ranking;  // positions of the input's answers, best first; never empty
  // How many counted sheets would have to be rewritten to change the winner: an upper bound.
  // Equals the number of sheets + 1 when even all do not change it (a single answer).
  int flip_margin = 0;
  // For each sheet its distance from the aggregate, micro-points per mark: who is off.
  std::vector<int64_t> sheet_distance;
  // SHA-256 of the rule's exact integer scores and the ranking: what the verdict holds.
  Digest digest;
};

// REQUIRES: input as described; at most limits::kMaxNodes answers and sheets; scores in range.
AggregateResult Aggregate(const Roster& roster, Rule rule, const AggregateInput& input);

}  // namespace decentd
