#include <algorithm>

#include "node/core/aggregate/rules.h"

namespace decentd::aggregate {
namespace {

// How `a` fares against `b`. Duel(b, a) is its negative.
Score Duel(const ScoreTable& table, size_t a, size_t b) {
  std::vector<int64_t> differences;
  int64_t head_count = 0;
  for (size_t e : table.CountedForPair(a, b)) {
    const int64_t difference = table.Total(e, a) - table.Total(e, b);
    differences.push_back(difference);
    head_count += (difference > 0) - (difference < 0);
  }
  return {DoubledMedian(std::move(differences)), head_count};
}

}  // namespace

std::vector<Score> DuelScores(const ScoreTable& table, Answers answers) {
  std::vector<Score> scores;
  for (size_t i : answers) {
    Score worst;
    bool fought = false;
    for (size_t j = 0; j < table.answers(); ++j) {
      if (j == i) continue;
      const Score duel = Duel(table, i, j);
      // The least of each on its own: the worst head count may be another duel's than the worst
      // median.
      worst.first = fought ? std::min(worst.first, duel.first) : duel.first;
      worst.second = fought ? std::min(worst.second, duel.second) : duel.second;
      fought = true;
    }
    scores.push_back(worst);
  }
  return scores;
}

}  // namespace decentd::aggregate
