// The rules that sort: integers throughout, so equal on every machine without further care.
#include <algorithm>

#include "node/core/aggregate/rules.h"
#include "node/core/check.h"

namespace decentd::aggregate {
namespace {

std::vector<int64_t> CountedTotals(const ScoreTable& table, size_t answer) {
  std::vector<int64_t> totals;
  for (size_t e : table.Counted(answer)) totals.push_back(table.Total(e, answer));
  return totals;
}

int64_t MeanInMicroPoints(std::vector<int64_t> totals, size_t trim) {
  std::sort(totals.begin(), totals.end());
  trim = std::min(trim, (totals.size() - 1) / 2);
  int64_t sum = 0;
  for (size_t e = trim; e < totals.size() - trim; ++e) sum += totals[e];
  return sum * kMicroPerMilli / static_cast<int64_t>(totals.size() - 2 * trim);
}

}  // namespace

int64_t DoubledMedian(std::vector<int64_t> values) {
  Require(!values.empty(), "a median needs a value");
  const auto upper = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), upper, values.end());
  if (values.size() % 2 == 1) return 2 * *upper;
  return *upper + *std::max_element(values.begin(), upper);
}

std::vector<Score> CoordinateMedianScores(const ScoreTable& table, Answers answers) {
  std::vector<Score> scores;
  for (size_t i : answers) {
    int64_t doubled = 0;
    for (size_t c = 0; c < table.criteria(); ++c) {
      std::vector<int64_t> marks;
      for (size_t e : table.Counted(i)) marks.push_back(table.Mark(e, i, c));
      doubled += DoubledMedian(std::move(marks));
    }
    scores.push_back({doubled * kMicroPerDoubledMilli});
  }
  return scores;
}

std::vector<Score> MedianOfTotalsScores(const ScoreTable& table, Answers answers) {
  std::vector<Score> scores;
  for (size_t i : answers) {
    scores.push_back({DoubledMedian(CountedTotals(table, i)) * kMicroPerDoubledMilli});
  }
  return scores;
}

std::vector<Score> TrimmedMeanScores(const ScoreTable& table, Answers answers) {
  std::vector<Score> scores;
  for (size_t i : answers) {
    scores.push_back({MeanInMicroPoints(CountedTotals(table, i), table.faulty())});
  }
  return scores;
}

std::vector<Score> UnsafeMeanScores(const ScoreTable& table, Answers answers) {
  std::vector<Score> scores;
  for (size_t i : answers) scores.push_back({MeanInMicroPoints(CountedTotals(table, i), 0)});
  return scores;
}

}  // namespace decentd::aggregate
