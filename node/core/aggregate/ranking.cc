#include "node/core/aggregate/ranking.h"

#include <algorithm>
#include <cstdlib>

#include "node/core/bytes.h"
#include "node/core/limits.h"

namespace decentd::aggregate {
namespace {

constexpr int64_t kFullMicroPoints = int64_t{limits::kMaxScore} * kMicroPerMilli;

// Twice the median judge's total over all answers.
int64_t DoubledLevel(const ScoreTable& table) {
  std::vector<int64_t> sums;
  for (size_t e = 0; e < table.judges(); ++e) {
    int64_t sum = 0;
    for (size_t i = 0; i < table.answers(); ++i) sum += table.Total(e, i);
    sums.push_back(sum);
  }
  return DoubledMedian(std::move(sums));
}

}  // namespace

Order::Order(const AggregateInput& input) {
  for (const AggregateAnswer& answer : input.answers) {
    ByteWriter out;
    out.Raw(answer.digest.View());
    out.Raw(input.sheets_digest.View());
    lots_.push_back(Sha256(out.bytes()));
  }
}

bool Order::Better(size_t a, const Score& score_a, size_t b, const Score& score_b) const {
  if (score_a != score_b) return score_a > score_b;
  if (lots_[a] != lots_[b]) return lots_[a] > lots_[b];
  return a < b;
}

std::vector<size_t> Order::Rank(const std::vector<Score>& scores) const {
  std::vector<size_t> ranking(scores.size());
  for (size_t i = 0; i < ranking.size(); ++i) ranking[i] = i;
  std::sort(ranking.begin(), ranking.end(),
            [&](size_t a, size_t b) { return Better(a, scores[a], b, scores[b]); });
  return ranking;
}

std::vector<int64_t> ShownScores(Rule rule, const ScoreTable& table,
                                 const std::vector<Score>& scores, size_t winner) {
  const auto d = static_cast<int64_t>(table.criteria());
  // Micro-points of an answer's total = (score + base) * unit.
  int64_t base = 0, unit = 1;
  if (rule == Rule::kDuels) {
    std::vector<int64_t> totals;
    for (size_t e : table.Counted(winner)) totals.push_back(table.Total(e, winner));
    base = DoubledMedian(std::move(totals)) - scores[winner].first;
    unit = kMicroPerDoubledMilli;
  } else if (rule == Rule::kCentredGeometricMedian) {
    base = DoubledLevel(table) * kMicroPerDoubledMilli / static_cast<int64_t>(table.answers());
  }
  std::vector<int64_t> shown;
  for (const Score& score : scores) {
    const int64_t total = (score.first + base) * unit;
    shown.push_back(std::clamp<int64_t>(total, 0, kFullMicroPoints * d) / d);
  }
  return shown;
}

std::vector<int64_t> SheetDistances(const ScoreTable& table, const std::vector<int64_t>& shown) {
  const auto d = static_cast<int64_t>(table.criteria());
  std::vector<int64_t> distances;
  for (size_t e = 0; e < table.judges(); ++e) {
    int64_t sum = 0;
    for (size_t i = 0; i < table.answers(); ++i) {
      sum += std::abs(table.Total(e, i) * kMicroPerMilli - shown[i] * d);
    }
    distances.push_back(sum / (d * static_cast<int64_t>(table.answers())));
  }
  return distances;
}

Digest ResultDigest(Rule rule, const std::vector<Score>& scores,
                    const std::vector<size_t>& ranking) {
  ByteWriter out;
  out.Raw("decentd/result");
  out.U16(1);  // version
  out.U8(static_cast<uint8_t>(rule));
  out.U16(static_cast<uint16_t>(scores.size()));
  for (const Score& score : scores) {
    out.I64(score.first);
    out.I64(score.second);
  }
  for (size_t position : ranking) out.U16(static_cast<uint16_t>(position));
  return Sha256(out.bytes());
}

}  // namespace decentd::aggregate
