// The scores of Table I of the paper (Jo and Park, arXiv 2507.14928): nine evaluators, ten answers,
// of which the last evaluator and the last answer are Byzantine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointwise;

Panel PaperTable() {
  const std::vector<std::vector<uint32_t>> totals{
      {63, 95, 92, 75, 46, 50, 92, 96, 95, 6},        // Sonnet 4
      {21, 98, 99, 55, 45, 41, 89, 99, 100, 22},      // Sonnet 3.7
      {33, 100, 75, 45, 40, 35, 99, 100, 85, 0},      // Gemini 2.5
      {60, 80, 100, 80, 50, 94, 82, 82, 82, 38},      // GPT-4o
      {52, 83, 66, 57, 44, 84, 84, 83, 66, 35},       // o3
      {49, 53, 60, 19, 42, 27, 66, 66, 66, 7},        // o4-mini
      {31, 52, 79, 49, 27, 17, 79, 84, 49, 34},       // Qwen 235B
      {75, 100, 80, 100, 50, 64, 100, 100, 100, 39},  // Qwen 32B
      {0, 0, 0, 0, 0, 0, 0, 0, 0, 100},               // Byzantine
  };
  Marks marks;
  for (const auto& row : totals) {
    marks.emplace_back();
    // The table has totals only; a fifth of each for every one of the five criteria.
    for (uint32_t total : row) marks.back().push_back(std::vector<uint32_t>(5, total * 200));
  }
  return PanelOf(marks);
}

// Totals of the shown scores with one decimal, rounded as in print.
std::vector<double> ShownTotals(const AggregateResult& result) {
  std::vector<double> totals;
  for (int64_t micro : result.shown_scores) {
    totals.push_back(static_cast<double>((micro * 5 + 50'000) / 100'000) / 10);
  }
  return totals;
}

MATCHER(NearlyEqual, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) < 0.01; }

TEST(PaperTable, NineEvaluatorsTolerateTwo) {
  EXPECT_EQ(PaperTable().roster.panel_faulty(Phase::kSheet), 2);
}

TEST(PaperTable, Mean) {
  const AggregateResult result = PaperTable().Run(Rule::kUnsafeMean);
  EXPECT_THAT(ShownTotals(result),
              Pointwise(NearlyEqual(), std::vector<double>{42.7, 73.4, 72.3, 53.3, 38.2, 45.8, 76.8,
                                                           78.9, 71.4, 31.2}));
  EXPECT_EQ(result.ranking.front(), 7u);
}

TEST(PaperTable, TrimmedMeanWithTwoOffEachSide) {
  const AggregateResult result = PaperTable().Run(Rule::kTrimmedMean);
  EXPECT_THAT(ShownTotals(result),
              Pointwise(NearlyEqual(), std::vector<double>{45.0, 81.8, 78.4, 56.2, 43.4, 43.4, 85.2,
                                                           88.8, 78.8, 27.2}));
  EXPECT_EQ(result.ranking.front(), 7u);
}

TEST(PaperTable, MediansTieTheSeventhAndEighthAnswerForTheLot) {
  const Panel panel = PaperTable();
  for (Rule rule : {Rule::kMedianOfTotals, Rule::kCoordinateMedian}) {
    EXPECT_THAT(panel.FirstScores(rule),
                ElementsAre(49'000'000, 83'000'000, 79'000'000, 55'000'000, 44'000'000, 41'000'000,
                            84'000'000, 84'000'000, 82'000'000, 34'000'000));
    const auto lot = [&](size_t i) {
      return Sha256(std::string(panel.input.answers[i].digest.View()) +
                    std::string(panel.input.sheets_digest.View()));
    };
    EXPECT_EQ(panel.Winner(rule), lot(6) > lot(7) ? 6u : 7u);
  }
}

TEST(PaperTable, DuelsTieThreeAnswersAndHeadsDecide) {
  const Panel panel = PaperTable();
  const std::vector<Score> scores = panel.Scores(Rule::kDuels);
  EXPECT_EQ(scores[6], (Score{0, -3}));
  EXPECT_EQ(scores[7], (Score{0, 3}));
  EXPECT_EQ(scores[8], (Score{0, -3}));
  for (size_t i : {0, 1, 2, 3, 4, 5, 9}) EXPECT_LT(scores[i].first, 0) << i;
  EXPECT_EQ(panel.Winner(Rule::kDuels), 7u);
}

TEST(PaperTable, NoRuleLetsTheByzantineAnswerWin) {
  for (Rule rule : AllRules()) {
    EXPECT_NE(PaperTable().Winner(rule), 9u) << RuleName(rule);
  }
}

TEST(PaperTable, TheByzantineEvaluatorIsFarthestFromTheAggregate) {
  const std::vector<int64_t> distance = PaperTable().Run(Rule::kGeometricMedian).sheet_distance;
  EXPECT_EQ(std::max_element(distance.begin(), distance.end()) - distance.begin(), 8);
}

}  // namespace
}  // namespace decentd::aggregate
