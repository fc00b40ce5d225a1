#include <gtest/gtest.h>

#include <algorithm>

#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

TEST(FlipMargin, AMajorityMustBeRewrittenToMoveAMedian) {
  for (Rule rule :
       {Rule::kMedianOfTotals, Rule::kCoordinateMedian, Rule::kGeometricMedian, Rule::kDuels}) {
    EXPECT_EQ(MakePanel({{15, 10}, {15, 10}, {15, 10}, {15, 10}, {15, 10}}).Run(rule).flip_margin,
              3)
        << RuleName(rule);
  }
}

TEST(FlipMargin, TheMeanFallsWithFewer) {
  // 30 points ahead; one rewritten sheet moves 26.
  EXPECT_EQ(MakePanel({{16, 10}, {16, 10}, {16, 10}, {16, 10}, {16, 10}})
                .Run(Rule::kUnsafeMean)
                .flip_margin,
            2);
  // 10 points ahead: one is enough.
  EXPECT_EQ(MakePanel({{12, 10}, {12, 10}, {12, 10}, {12, 10}, {12, 10}})
                .Run(Rule::kUnsafeMean)
                .flip_margin,
            1);
}

TEST(FlipMargin, TheTrimmedMeanTakesMoreThanItTrims) {
  const Panel panel = MakePanel({{16, 1}, {16, 1}, {16, 1}, {16, 1}, {16, 1}, {16, 1}, {16, 1}});
  ASSERT_EQ(panel.roster.panel_faulty(Phase::kSheet), 2);
  // Two on each side go. After 3: one 0 among 16, 16 is 10.7; rival 7.3. After 4: 5.3 and 13.7.
  EXPECT_EQ(panel.Run(Rule::kTrimmedMean).flip_margin, 4);
}

TEST(FlipMargin, TheEasiestRivalCounts) {
  // Answer 2 trails in a single sheet's worth, answer 1 in all.
  const Panel panel = MakePanel({{15, 0, 16}, {15, 0, 16}, {15, 0, 14}, {15, 0, 14}, {15, 0, 14}});
  EXPECT_EQ(panel.Run(Rule::kDuels).flip_margin, 1);
}

Marks MarksIn(const AggregateInput& input) {
  Marks marks;
  for (const AggregateSheet& sheet : input.sheets) {
    marks.emplace_back();
    for (const SheetEntry& entry : sheet.entries) marks.back().push_back(entry.scores);
  }
  return marks;
}

uint32_t TotalOf(const std::vector<uint32_t>& entry) {
  return std::accumulate(entry.begin(), entry.end(), 0u);
}

// Whether rewriting `count` sheets, those first that favour the winner most, changes the winner for
// some rival.
bool SomeRivalWins(const Panel& panel, Rule rule, size_t winner, size_t count) {
  const Marks marks = MarksIn(panel.input);
  for (size_t rival = 0; rival < marks[0].size(); ++rival) {
    if (rival == winner) continue;
    std::vector<size_t> judges(marks.size());
    std::iota(judges.begin(), judges.end(), 0);
    std::stable_sort(judges.begin(), judges.end(), [&](size_t a, size_t b) {
      return TotalOf(marks[a][winner]) + TotalOf(marks[b][rival]) >
             TotalOf(marks[b][winner]) + TotalOf(marks[a][rival]);
    });
    Panel rewritten = panel;
    for (size_t v = 0; v < count; ++v) {
      auto& entries = rewritten.input.sheets[judges[v]].entries;
      std::fill(entries[winner].scores.begin(), entries[winner].scores.end(), 0);
      std::fill(entries[rival].scores.begin(), entries[rival].scores.end(), 20'000);
    }
    if (rewritten.Winner(rule) != winner) return true;
  }
  return false;
}

class FlipMarginOf : public ::testing::TestWithParam<Rule> {};

TEST_P(FlipMarginOf, RewritingThatManyDoesChangeTheWinner) {
  const Rule rule = GetParam();
  const bool exact = rule == Rule::kUnsafeMean || rule == Rule::kTrimmedMean ||
                     rule == Rule::kMedianOfTotals || rule == Rule::kCoordinateMedian;
  IntegerGenerator random(29);
  for (int trial = 0; trial < 60; ++trial) {
    const size_t judges = 3 + random.Below(7), answers = 2 + random.Below(4);
    const Roles roles = trial % 2 == 0 ? Roles::kApart : Roles::kBoth;
    const Panel panel =
        PanelOf(RandomMarks(random, judges, answers, 2, trial % 3 == 0 ? 5000 : 1), roles);
    const AggregateResult result = panel.Run(rule);
    const size_t winner = result.ranking.front();
    ASSERT_GE(result.flip_margin, 1);
    ASSERT_LE(result.flip_margin, static_cast<int>(judges));
    const auto margin = static_cast<size_t>(result.flip_margin);
    EXPECT_TRUE(SomeRivalWins(panel, rule, winner, margin)) << "trial " << trial;
    if (exact && answers == 2) {
      EXPECT_FALSE(SomeRivalWins(panel, rule, winner, margin - 1)) << "trial " << trial;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, FlipMarginOf, ::testing::ValuesIn(AllRules()),
                         [](const auto& info) { return RuleName(info.param); });

}  // namespace
}  // namespace decentd::aggregate
