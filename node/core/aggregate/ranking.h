// From exact scores to an order, and what is shown to people about it.
#pragma once

#include <cstdint>
#include <vector>

#include "node/core/aggregate/rules.h"
#include "node/core/aggregate/score_table.h"

namespace decentd::aggregate {

// Which of two answers is better: the larger score, then the larger lot, then the earlier slot
// (lots are equal only where two payloads are equal byte for byte).
class Order {
 public:
  // The lot of an answer is SHA-256(answer digest, digest of the agreed sheets): a worker cannot
  // grind its answer towards it, for the sheets come later.
  explicit Order(const AggregateInput& input);
  bool Better(size_t a, const Score& score_a, size_t b, const Score& score_b) const;
  std::vector<size_t> Rank(const std::vector<Score>& scores) const;  // best first

 private:
  std::vector<Digest> lots_;
};

// Micro-points of the mean criterion for each answer, clamped to 0..20 points, then rounded down.
// Duels: the winner's median total, and for the others that much less as their worst duel is worse.
// Centred: the score on top of the median judge's level.
std::vector<int64_t> ShownScores(Rule rule, const ScoreTable& table,
                                 const std::vector<Score>& scores, size_t winner);

// For each judge the mean over the answers of how far the judge's mean criterion is from the
// answer's shown score; micro-points, rounded down. Dropped marks are looked at as well.
std::vector<int64_t> SheetDistances(const ScoreTable& table, const std::vector<int64_t>& shown);

// How many sheets would have to be rewritten (each criterion 0 for the winner and full marks for
// one rival; other entries, dropping and lots unchanged) for that rival to rank above the winner;
// the least count over the rivals. For each rival the sheets that favour the winner most are
// rewritten first, in slot order where equal. The count is found by bisection: it does change the
// winner, and one less in that order does not for any rival where more rewriting never helps the
// winner (mean, trimmed mean, both medians). An upper bound of what it takes: that order is the best
// for the mean where no judge is dropped, and now and then another one does with a sheet or two less.
// judges + 1 when there is no rival.
int FlipMargin(Rule rule, const ScoreTable& table, const Order& order, size_t winner);

// SHA-256 over rule, scores and ranking in a fixed encoding.
Digest ResultDigest(Rule rule, const std::vector<Score>& scores,
                    const std::vector<size_t>& ranking);

}  // namespace decentd::aggregate
