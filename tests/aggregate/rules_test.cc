// Each rule on vectors that can be checked by hand, and what all rules share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(UnsafeMean, IsTheMeanRoundedDown) {
  EXPECT_THAT(MakePanel({{1, 20}, {2, 20}, {2, 20}}).FirstScores(Rule::kUnsafeMean),
              ElementsAre(1'666'666, 20'000'000));
}

TEST(TrimmedMean, LeavesOutTheFaultyNumberOnEachSide) {
  // Seven evaluators: f_E = 2, so the middle three of each column count.
  const Panel panel = MakePanel({{0, 1}, {0, 20}, {3, 2}, {4, 3}, {8, 4}, {20, 5}, {20, 20}});
  ASSERT_EQ(panel.roster.panel_faulty(Phase::kSheet), 2);
  EXPECT_THAT(panel.FirstScores(Rule::kTrimmedMean), ElementsAre(5'000'000, 4'000'000));
}

TEST(TrimmedMean, KeepsAtLeastOneWhenFewSheetsCame) {
  Panel panel = MakePanel({{1, 2}, {2, 2}, {9, 2}, {9, 2}, {9, 2}, {9, 2}, {9, 2}});
  panel.input.sheets.resize(3);  // f_E is 2 still: only one can go on each side
  EXPECT_THAT(panel.FirstScores(Rule::kTrimmedMean), ElementsAre(2'000'000, 2'000'000));
}

TEST(MedianOfTotals, OddPanelTakesTheMiddle) {
  EXPECT_THAT(MakePanel({{7, 0}, {3, 0}, {20, 1}}).FirstScores(Rule::kMedianOfTotals),
              ElementsAre(7'000'000, 0));
}

TEST(MedianOfTotals, EvenPanelTakesHalfWayBetweenTheMiddles) {
  EXPECT_THAT(MakePanel({{7, 0}, {4, 0}, {20, 1}, {0, 20}}).FirstScores(Rule::kMedianOfTotals),
              ElementsAre(5'500'000, 500'000));
}

TEST(CoordinateMedian, SumsTheMediansOfTheCriteria) {
  // Medians 5 and 6 although the totals' median is 10.
  const Panel panel = PanelOf(Marks{{{1000, 9000}}, {{5000, 4000}}, {{9000, 6000}}});
  EXPECT_THAT(panel.FirstScores(Rule::kCoordinateMedian), ElementsAre(11'000'000));
  EXPECT_THAT(panel.FirstScores(Rule::kMedianOfTotals), ElementsAre(10'000'000));
}

TEST(GeometricMedianRule, SumsTheComponentsOfTheMedianPoint) {
  // A convex quadrilateral: the median is where its diagonals cross, (3, 3).
  const Panel panel = PanelOf(Marks{{{0, 0}}, {{6000, 0}}, {{9000, 9000}}, {{0, 6000}}});
  EXPECT_THAT(panel.FirstScores(Rule::kGeometricMedian), ElementsAre(6'000'000));
  EXPECT_THAT(panel.Run(Rule::kGeometricMedian).shown_scores, ElementsAre(3'000'000));
}

TEST(CentredGeometricMedian, AJudgesLevelDoesNotCount) {
  // Three judges of one opinion, of whom each has a level of its own: 2 points between the answers.
  const Panel panel = MakePanel({{2, 0}, {12, 10}, {20, 18}});
  EXPECT_THAT(panel.FirstScores(Rule::kCentredGeometricMedian), ElementsAre(1'000'000, -1'000'000));
  // Shown on top of the median judge's level, 11.
  EXPECT_THAT(panel.Run(Rule::kCentredGeometricMedian).shown_scores,
              ElementsAre(12'000'000, 10'000'000));
}

TEST(CentredGeometricMedian, CentresEachCriterionByItself) {
  // Levels (3, 8) of the first judge and (11, 4) of the others.
  const Panel panel = PanelOf(Marks{{{4000, 9000}, {2000, 7000}},
                                    {{12000, 5000}, {10000, 3000}},
                                    {{12000, 5000}, {10000, 3000}}});
  EXPECT_THAT(panel.FirstScores(Rule::kCentredGeometricMedian), ElementsAre(2'000'000, -2'000'000));
}

TEST(CentredGeometricMedian, CentresBeforeDropping) {
  // Six judges of their own answers: judge 0's full marks for answer 0 are dropped there, but lower
  // its centred marks of answer 1 to 5 - 120/18 ... alike for every rival, so the order stands.
  const std::vector<std::vector<uint32_t>> honest{{9, 8, 7, 6, 5, 4}, {9, 8, 7, 6, 5, 4},
                                                  {9, 8, 7, 6, 5, 4}, {9, 8, 7, 6, 5, 4},
                                                  {9, 8, 7, 6, 5, 4}, {9, 8, 7, 6, 5, 4}};
  auto lying = honest;
  lying[5][5] = 20;
  EXPECT_EQ(MakePanel(honest, Roles::kBoth).Run(Rule::kCentredGeometricMedian).ranking,
            MakePanel(lying, Roles::kBoth).Run(Rule::kCentredGeometricMedian).ranking);
}

TEST(Krum, TakesTheSheetNearestToItsNeighbours) {
  // Seven judges, f_E = 2: three neighbours count. The fourth sits in the middle of the crowd.
  const Panel panel = MakePanel({{20, 0}, {10, 4}, {10, 6}, {10, 5}, {11, 5}, {9, 5}, {20, 20}});
  EXPECT_THAT(panel.FirstScores(Rule::kKrum), ElementsAre(10'000'000, 5'000'000));
}

TEST(Krum, EqualSheetsAreDecidedByTheJudgesLot) {
  const Panel panel = MakePanel({{1, 2}, {3, 4}});  // two judges: each the other's only neighbour
  const ScoreTable table = panel.Table();
  const bool first = table.JudgeLot(0) > table.JudgeLot(1);
  EXPECT_THAT(panel.FirstScores(Rule::kKrum),
              ElementsAre(first ? 1'000'000 : 3'000'000, first ? 2'000'000 : 4'000'000));
}

TEST(Duels, WorstDuelIsTwiceTheMedianDifference) {
  const Panel panel = MakePanel({{10, 8, 1}, {9, 8, 2}, {5, 6, 3}});
  // 0 against 1: 2, 1, -1 -> 1; against 2: 9, 7, 2 -> 7. 1 against 2: 7, 6, 3 -> 6.
  EXPECT_THAT(panel.Scores(Rule::kDuels),
              ElementsAre(Score{2'000, 1}, Score{-2'000, -1}, Score{-14'000, -3}));
  // The winner shows its median, 9; the others so much less as their worst duel is worse.
  EXPECT_THAT(panel.Run(Rule::kDuels).shown_scores, ElementsAre(9'000'000, 7'000'000, 1'000'000));
}

TEST(Duels, ACyclesWeakestLoserWins) {
  // 0 beats 1 by 3, 1 beats 2 by 5, 2 beats 0 by 1.
  const Panel panel = MakePanel({{10, 7, 2}, {6, 12, 7}, {6, 3, 7}});
  EXPECT_THAT(panel.FirstScores(Rule::kDuels), ElementsAre(-2'000, -6'000, -10'000));
  EXPECT_EQ(panel.Winner(Rule::kDuels), 0u);
}

TEST(Duels, AnOpponentsLevelCancels) {
  EXPECT_EQ(MakePanel({{10, 8}, {20, 18}, {4, 2}}).Scores(Rule::kDuels),
            MakePanel({{2, 0}, {2, 0}, {2, 0}}).Scores(Rule::kDuels));
}

TEST(Rules, OneLiarFoolsTheMeanAndNoOther) {
  // Four honest judges prefer answer 0 by about 4 points; the fifth gives it nothing.
  const Panel panel = MakePanel({{14, 10}, {13, 10}, {14, 11}, {15, 10}, {0, 20}});
  EXPECT_EQ(panel.Winner(Rule::kUnsafeMean), 1u);
  for (Rule rule : AllRules()) {
    if (rule != Rule::kUnsafeMean) {
      EXPECT_EQ(panel.Winner(rule), 0u) << RuleName(rule);
    }
  }
}

TEST(Rules, FLiarsCannotUnseatAClearWinner) {
  IntegerGenerator random(17);
  for (int trial = 0; trial < 50; ++trial) {
    // Ten judges, f_E = 3. Answer 1 is 6 to 12 points better to every honest judge.
    Marks marks = RandomMarks(random, 10, 4, 3, 1);
    for (size_t e = 0; e < 10; ++e) {
      for (size_t i = 0; i < 4; ++i) {
        for (uint32_t& mark : marks[e][i]) mark = i == 1 ? 16'000 + mark / 5 : mark / 2;
      }
    }
    for (size_t e = 7; e < 10; ++e) {
      marks[e] = {{20'000, 20'000, 20'000}, {0, 0, 0}, {20'000, 20'000, 20'000}, {0, 0, 0}};
    }
    const Panel panel = PanelOf(marks);
    ASSERT_EQ(panel.roster.panel_faulty(Phase::kSheet), 3);
    for (Rule rule : AllRules()) {
      if (rule == Rule::kUnsafeMean) continue;
      EXPECT_EQ(panel.Winner(rule), 1u) << RuleName(rule) << " in trial " << trial;
    }
  }
}

TEST(Rules, EqualSheetsGiveTheirOwnMarksBack) {
  const std::vector<std::vector<uint32_t>> rows(5, {3, 17, 11});
  for (Rule rule : AllRules()) {
    const AggregateResult result = MakePanel(rows).Run(rule);
    EXPECT_THAT(result.ranking, ElementsAre(1, 2, 0)) << RuleName(rule);
    if (rule == Rule::kDuels) continue;  // shows how far behind the winner, both ways
    EXPECT_THAT(result.shown_scores, ElementsAre(3'000'000, 17'000'000, 11'000'000))
        << RuleName(rule);
    EXPECT_THAT(result.sheet_distance, Each(0)) << RuleName(rule);
  }
}

TEST(Duels, EqualSheetsShowTheWinnersMarkAndTwiceTheGap) {
  // Worst duels 6, -6, -14: what a duel is won by, another loses it by.
  EXPECT_THAT(MakePanel({{3, 17, 11}, {3, 17, 11}, {3, 17, 11}}).Run(Rule::kDuels).shown_scores,
              ElementsAre(0, 17'000'000, 5'000'000));
}

TEST(Rules, ExtremeMarksStayInRange) {
  Marks marks(9, std::vector<std::vector<uint32_t>>(3, std::vector<uint32_t>(32, 20'000)));
  for (size_t e = 0; e < 4; ++e) {
    for (auto& entry : marks[e]) entry.assign(32, 0);
  }
  for (Rule rule : AllRules()) {
    const AggregateResult result = PanelOf(marks).Run(rule);
    for (int64_t shown : result.shown_scores) {
      EXPECT_GE(shown, 0) << RuleName(rule);
      EXPECT_LE(shown, 20'000'000) << RuleName(rule);
    }
  }
}

TEST(Rules, ASingleAnswerWins) {
  for (Rule rule : AllRules()) {
    const AggregateResult result = MakePanel({{0}, {0}, {20}}).Run(rule);
    EXPECT_THAT(result.ranking, ElementsAre(0)) << RuleName(rule);
    EXPECT_EQ(result.flip_margin, 4) << RuleName(rule);
  }
}

TEST(Rules, OneSheetDecidesAlone) {
  for (Rule rule : AllRules()) {
    EXPECT_THAT(MakePanel({{4, 20, 9}}).Run(rule).ranking, ElementsAre(1, 2, 0)) << RuleName(rule);
  }
}

}  // namespace
}  // namespace decentd::aggregate
