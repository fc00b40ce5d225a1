#include "node/core/aggregate.h"

#include "node/core/aggregate/ranking.h"
#include "node/core/aggregate/rules.h"
#include "node/core/aggregate/score_table.h"
#include "node/core/check.h"

namespace decentd {
namespace aggregate {

std::vector<Score> ScoresBy(Rule rule, const ScoreTable& table, Answers answers) {
  switch (rule) {
    case Rule::kGeometricMedian:
      return GeometricMedianScores(table, answers);
    case Rule::kCentredGeometricMedian:
      return CentredGeometricMedianScores(table, answers);
    case Rule::kDuels:
      return DuelScores(table, answers);
    case Rule::kCoordinateMedian:
      return CoordinateMedianScores(table, answers);
    case Rule::kTrimmedMean:
      return TrimmedMeanScores(table, answers);
    case Rule::kMedianOfTotals:
      return MedianOfTotalsScores(table, answers);
    case Rule::kKrum:
      return KrumScores(table, answers);
    case Rule::kUnsafeMean:
      return UnsafeMeanScores(table, answers);
  }
  Require(false, "an aggregation rule is one of the enum");
  return {};
}

}  // namespace aggregate

AggregateResult Aggregate(const Roster& roster, Rule rule, const AggregateInput& input) {
  const aggregate::ScoreTable table(roster, input);
  const aggregate::Order order(input);
  std::vector<size_t> all(table.answers());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;

  const std::vector<aggregate::Score> scores = aggregate::ScoresBy(rule, table, all);
  AggregateResult result;
  result.ranking = order.Rank(scores);
  const size_t winner = result.ranking.front();
  result.shown_scores = aggregate::ShownScores(rule, table, scores, winner);
  result.flip_margin = aggregate::FlipMargin(rule, table, order, winner);
  result.sheet_distance = aggregate::SheetDistances(table, result.shown_scores);
  result.digest = aggregate::ResultDigest(rule, scores, result.ranking);
  return result;
}

}  // namespace decentd
