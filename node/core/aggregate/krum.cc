#include <algorithm>

#include "node/core/aggregate/rules.h"

namespace decentd::aggregate {
namespace {

// At most 20000^2 * 128 answers * 32 criteria = 1.7e12; a sum of 128 of them stays far below 2^63.
int64_t SquaredDistance(const ScoreTable& table, size_t a, size_t b) {
  int64_t sum = 0;
  for (size_t i = 0; i < table.answers(); ++i) {
    for (size_t c = 0; c < table.criteria(); ++c) {
      const int64_t difference = table.Mark(a, i, c) - table.Mark(b, i, c);
      sum += difference * difference;
    }
  }
  return sum;
}

size_t Neighbours(const ScoreTable& table) {
  const size_t others = table.judges() - 1;
  if (others <= table.faulty() + 1) return std::min<size_t>(1, others);
  return std::max<size_t>(1, others - table.faulty() - 1);  // m - f - 2
}

size_t ChosenJudge(const ScoreTable& table) {
  const size_t m = table.judges();
  std::vector<std::vector<int64_t>> distances(m);
  for (size_t a = 0; a < m; ++a) {
    for (size_t b = a + 1; b < m; ++b) {
      const int64_t distance = SquaredDistance(table, a, b);
      distances[a].push_back(distance);
      distances[b].push_back(distance);
    }
  }
  size_t chosen = 0;
  int64_t least = 0;
  for (size_t e = 0; e < m; ++e) {
    std::sort(distances[e].begin(), distances[e].end());
    int64_t sum = 0;
    for (size_t near = 0; near < Neighbours(table); ++near) sum += distances[e][near];
    if (e == 0 || sum < least || (sum == least && table.JudgeLot(e) > table.JudgeLot(chosen))) {
      chosen = e;
      least = sum;
    }
  }
  return chosen;
}

}  // namespace

std::vector<Score> KrumScores(const ScoreTable& table, Answers answers) {
  const size_t judge = ChosenJudge(table);
  std::vector<Score> scores;
  for (size_t i : answers) scores.push_back({table.Total(judge, i) * kMicroPerMilli});
  return scores;
}

}  // namespace decentd::aggregate
