#include <cmath>

#include "node/core/aggregate/geometric_median.h"
#include "node/core/aggregate/rules.h"

namespace decentd::aggregate {
namespace {

// Components summed in order, then rounded half up to whole micro-points: the last floating-point
// operations. `scale` is what the points were multiplied by.
int64_t SumInMicroPoints(const std::vector<double>& median, size_t scale) {
  double sum = 0;
  for (double component : median) sum = sum + component;
  return static_cast<int64_t>(std::floor(sum * 1000 / static_cast<double>(scale) + 0.5));
}

}  // namespace

std::vector<Score> GeometricMedianScores(const ScoreTable& table, Answers answers) {
  std::vector<Score> scores;
  for (size_t i : answers) {
    std::vector<double> points;
    for (size_t e : table.Counted(i)) {
      for (size_t c = 0; c < table.criteria(); ++c) {
        points.push_back(static_cast<double>(table.Mark(e, i, c)));
      }
    }
    scores.push_back({SumInMicroPoints(GeometricMedian(points, table.criteria()), 1)});
  }
  return scores;
}

std::vector<Score> CentredGeometricMedianScores(const ScoreTable& table, Answers answers) {
  const size_t k = table.answers(), d = table.criteria();
  // Everything times k: the centred marks stay whole numbers.
  std::vector<int64_t> sums(table.judges() * d, 0);
  for (size_t e = 0; e < table.judges(); ++e) {
    for (size_t i = 0; i < k; ++i) {
      for (size_t c = 0; c < d; ++c) sums[e * d + c] += table.Mark(e, i, c);
    }
  }
  std::vector<Score> scores;
  for (size_t i : answers) {
    std::vector<double> points;
    for (size_t e : table.Counted(i)) {
      for (size_t c = 0; c < d; ++c) {
        const int64_t centred = static_cast<int64_t>(k) * table.Mark(e, i, c) - sums[e * d + c];
        points.push_back(static_cast<double>(centred));
      }
    }
    scores.push_back({SumInMicroPoints(GeometricMedian(points, d), k)});
  }
  return scores;
}

}  // namespace decentd::aggregate
