// The production aggregation beside naive ones, on thousands of small panels: honest judges with
// noise, liars with extreme marks, ties, equal sheets, one sheet, one answer, every way of
// dropping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "node/core/aggregate/geometric_median.h"
#include "node/core/aggregate/ranking.h"
#include "tests/aggregate/naive_geometric_median.h"
#include "tests/aggregate/naive_rules.h"
#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

const std::vector<Rule>& ExactRules() {
  static const std::vector<Rule> rules{Rule::kDuels,      Rule::kCoordinateMedian,
                                       Rule::kTrimmedMean, Rule::kMedianOfTotals,
                                       Rule::kKrum,        Rule::kUnsafeMean};
  return rules;
}

Marks DrawMarks(IntegerGenerator& random, size_t judges, size_t answers, size_t criteria) {
  static constexpr uint32_t kGrains[] = {1, 500, 5'000, 10'000, 20'000};
  Marks marks = RandomMarks(random, judges, answers, criteria, kGrains[random.Below(5)]);
  const uint32_t manner = random.Below(4);
  if (manner == 0) {  // all sheets equal
    for (auto& sheet : marks) sheet = marks[0];
  } else if (manner == 1) {  // of one mind, but for some noise and some liars
    const Marks worth = RandomMarks(random, 1, answers, criteria, 1'000);
    for (size_t e = 0; e < judges; ++e) {
      const bool lies = random.Below(4) == 0;
      for (size_t i = 0; i < answers; ++i) {
        for (size_t c = 0; c < criteria; ++c) {
          const uint32_t honest = std::min(20'000u, worth[0][i][c] + random.Below(1'000));
          marks[e][i][c] = lies ? random.Below(2) * 20'000 : honest;
        }
      }
    }
  }
  return marks;
}

// With owners and model families now and then, and any faulty number that a roster may state.
Panel DrawPanel(IntegerGenerator& random, size_t most_judges, size_t most_answers,
                size_t most_criteria) {
  const size_t judges = 1 + random.Below(static_cast<uint32_t>(most_judges));
  const size_t answers = 1 + random.Below(static_cast<uint32_t>(most_answers));
  const size_t criteria = 1 + random.Below(static_cast<uint32_t>(most_criteria));
  const Roles roles = random.Below(2) == 0 ? Roles::kApart : Roles::kBoth;
  std::vector<RosterNode> nodes = PanelNodes(judges, answers, roles);
  RosterParameters parameters = PanelParameters(criteria);
  parameters.drop_same_owner = random.Below(2) == 0;
  parameters.drop_same_family = random.Below(2) == 0;
  for (RosterNode& node : nodes) {
    if (random.Below(2) == 0) node.owner = "owner " + std::to_string(random.Below(3));
    if (random.Below(2) == 0) node.model_family = "family " + std::to_string(random.Below(2));
  }
  const size_t evaluators = static_cast<size_t>(std::ranges::count_if(
      nodes, [](const RosterNode& node) { return node.evaluator; }));
  const size_t most_faulty = std::min((nodes.size() - 1) / 3, (evaluators - 1) / 2);
  if (random.Below(2) == 0) {
    parameters.faulty_evaluators =
        static_cast<int>(random.Below(static_cast<uint32_t>(most_faulty) + 1));
  }
  return {Roster(1, std::move(nodes), std::move(parameters)),
          PanelInput(DrawMarks(random, judges, answers, criteria), roles,
                     std::to_string(random.Next()))};
}

std::vector<NaiveRules::Pair> Pairs(const std::vector<Score>& scores) {
  std::vector<NaiveRules::Pair> pairs;
  for (const Score& score : scores) pairs.emplace_back(score.first, score.second);
  return pairs;
}

TEST(AggregateOracle, ScoresOfTheExactRulesRankingAndDigestAreTheNaiveOnes) {
  IntegerGenerator random(11);
  int dropped = 0, tied = 0;
  for (int trial = 0; trial < 5'000; ++trial) {
    const Panel panel = DrawPanel(random, 9, 5, 3);
    const NaiveRules naive(panel.roster, panel.input);
    for (Rule rule : AllRules()) {
      auto scores = Pairs(panel.Scores(rule));
      const bool exact = std::ranges::count(ExactRules(), rule) > 0;
      if (exact) {
        ASSERT_EQ(scores, naive.Scores(rule)) << RuleName(rule) << " in trial " << trial;
      }
      const AggregateResult result = panel.Run(rule);
      const auto ranking = naive.Ranking(scores);
      ASSERT_EQ(result.ranking, ranking) << RuleName(rule) << " in trial " << trial;
      ASSERT_EQ(result.digest, NaiveRules::ResultDigest(rule, scores, ranking));
      std::ranges::sort(scores);
      tied += std::ranges::adjacent_find(scores) != scores.end();
    }
    dropped += naive.Counted(0).size() < panel.input.sheets.size();
  }
  EXPECT_GE(dropped, 500);
  EXPECT_GE(tied, 500);
}

// The rows of which the geometric median of one answer is taken.
std::vector<double> Rows(const Panel& panel, size_t answer, bool centred) {
  const double k = static_cast<double>(panel.input.answers.size());
  std::vector<double> rows;
  for (size_t e : NaiveRules(panel.roster, panel.input).Counted(answer)) {
    const AggregateSheet& sheet = panel.input.sheets[e];
    for (size_t c = 0; c < sheet.entries[answer].scores.size(); ++c) {
      double mark = sheet.entries[answer].scores[c];
      if (centred) {
        mark *= k;
        for (const SheetEntry& entry : sheet.entries) mark -= entry.scores[c];
      }
      rows.push_back(mark);
    }
  }
  return rows;
}

// What production may lose against the least sum of distances, by the rules of section 8. A row
// counts as a median although the others pull it by up to 1e-9 more than it weighs: the sum being
// convex, that costs at most 1e-9 times the way to the true one. The iteration stops at a step of
// 1e-7: each of the distances changes by no more than that over such a step. And its doubles are
// good to 2^-52 of the marks.
Wide Tolerance(const NaiveGeometricMedian& naive, size_t rows) {
  const Wide largest = naive.Diameter() + 20'000;
  return 1e-9L * naive.Diameter() +
         static_cast<Wide>(rows) * (1e-7L + 8 * std::numeric_limits<double>::epsilon() * largest);
}

// Second derivatives of the sum in two dimensions: the smaller eigenvalue, or 0 at or beside a row.
Wide LeastCurvature(const std::vector<double>& rows, const std::vector<Wide>& at) {
  Wide xx = 0, xy = 0, yy = 0;
  for (size_t row = 0; row < rows.size(); row += 2) {
    const Wide x = rows[row] - at[0], y = rows[row + 1] - at[1];
    const Wide distance = std::sqrt(x * x + y * y);
    if (distance < 1) return 0;
    const Wide cubed = distance * distance * distance;
    xx += y * y / cubed;
    yy += x * x / cubed;
    xy -= x * y / cubed;
  }
  const Wide half = (xx + yy) / 2;
  return half - std::sqrt((xx - yy) * (xx - yy) / 4 + xy * xy);
}

void ComparePosition(const std::vector<double>& rows, size_t dimensions, int* scores_compared) {
  const std::vector<double> found = GeometricMedian(rows, dimensions);
  const NaiveGeometricMedian naive(rows, dimensions);
  const Wide sum = naive.SumAt({found.begin(), found.end()});
  ASSERT_LE(sum, naive.sum() + Tolerance(naive, rows.size() / dimensions));
  // Where the valley is steep the position is known to far less than a micro-point.
  if (dimensions != 2 || LeastCurvature(rows, naive.position()) < 1e-6L) return;
  ++*scores_compared;
  for (size_t c = 0; c < 2; ++c) {
    ASSERT_LE(std::fabs(naive.position()[c] - found[c]), 1e-3L) << "milli-points";
  }
}

TEST(AggregateOracle, NoPointHasAShorterSumOfDistancesThanTheGeometricMedian) {
  IntegerGenerator random(12);
  int scores_compared = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const Panel panel = DrawPanel(random, 7, 3, 2);
    for (size_t i = 0; i < panel.input.answers.size(); ++i) {
      for (bool centred : {false, true}) {
        const auto rows = Rows(panel, i, centred);
        ASSERT_NO_FATAL_FAILURE(
            ComparePosition(rows, panel.roster.parameters().criteria.size(), &scores_compared))
            << "trial " << trial;
      }
    }
  }
  EXPECT_GE(scores_compared, 100);
  for (int trial = 0; trial < 4; ++trial) {
    std::vector<double> rows;
    for (int i = 0; i < 15; ++i) rows.push_back(random.Below(trial % 2 == 0 ? 20'001 : 3));
    ASSERT_NO_FATAL_FAILURE(ComparePosition(rows, 3, &scores_compared)) << "trial " << trial;
  }
}

// Three rows of which one sees the others under an angle close to 120 degrees: up to that it is no
// median, from there on it is, and production has to tell by how much it is pulled.
TEST(AggregateOracle, ARowIsAMedianFromTheLastAngleOnAndNotBefore) {
  IntegerGenerator random(16);
  int scores_compared = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const double turn = 2.0943951023931953 + (random.Below(2'001) / 1e6 - 1e-3);  // 120 degrees
    const double a = 2'000 + random.Below(8'000), b = 2'000 + random.Below(8'000);
    const std::vector<double> rows{10'000, 0, 10'000 + a, 0, 10'000 + std::round(b * std::cos(turn)),
                                   std::round(b * std::sin(turn))};
    ASSERT_NO_FATAL_FAILURE(ComparePosition(rows, 2, &scores_compared)) << "trial " << trial;
  }
}

// Both geometric rules end in the sum of the components of that position, rounded half up.
TEST(AggregateOracle, GeometricScoresAreOfThatPosition) {
  IntegerGenerator random(13);
  for (int trial = 0; trial < 2'000; ++trial) {
    const Panel panel = DrawPanel(random, 9, 4, 3);
    const size_t d = panel.roster.parameters().criteria.size();
    for (bool centred : {false, true}) {
      const Rule rule = centred ? Rule::kCentredGeometricMedian : Rule::kGeometricMedian;
      const auto scores = panel.Scores(rule);
      const Wide scale = centred ? static_cast<Wide>(panel.input.answers.size()) : 1;
      for (size_t i = 0; i < scores.size(); ++i) {
        Wide sum = 0;
        for (double component : GeometricMedian(Rows(panel, i, centred), d)) sum += component;
        const Wide distance = static_cast<Wide>(scores[i].first) - sum * 1'000 / scale;
        ASSERT_LE(std::fabs(distance), 0.5L + 1e-6L) << RuleName(rule) << " in trial " << trial;
        ASSERT_EQ(scores[i].second, 0);
      }
    }
  }
}

// Rows on one line have their median in the middle, half way where there are two: exactly.
TEST(AggregateOracle, OnALineTheGeometricMedianIsTheMiddle) {
  IntegerGenerator random(14);
  for (int trial = 0; trial < 2'000; ++trial) {
    const size_t d = 1 + random.Below(4), count = 1 + random.Below(9);
    std::vector<double> start, direction;
    for (size_t c = 0; c < d; ++c) {
      start.push_back(random.Below(5'000));
      direction.push_back(1 + random.Below(7));
    }
    std::vector<uint32_t> along;
    std::vector<double> rows;
    for (size_t e = 0; e < count; ++e) {
      along.push_back(random.Below(trial % 2 == 0 ? 4 : 2'000));
      for (size_t c = 0; c < d; ++c) rows.push_back(start[c] + along.back() * direction[c]);
    }
    std::ranges::sort(along);
    const double doubled = along[(count - 1) / 2] + along[count / 2];
    const std::vector<double> found = GeometricMedian(rows, d);
    for (size_t c = 0; c < d; ++c) {
      ASSERT_EQ(found[c], start[c] + doubled * direction[c] / 2) << "trial " << trial;
    }
  }
}

// Whether the rival ranks above the winner once the sheets of the subset are rewritten.
bool Flips(const Panel& panel, Rule rule, size_t winner, size_t rival, unsigned subset) {
  Panel rewritten = panel;
  for (size_t e = 0; e < panel.input.sheets.size(); ++e) {
    if ((subset >> e & 1) == 0) continue;
    auto& entries = rewritten.input.sheets[e].entries;
    std::ranges::fill(entries[winner].scores, 0u);
    std::ranges::fill(entries[rival].scores, 20'000u);
  }
  const auto scores = rewritten.Scores(rule);
  return Order(rewritten.input).Better(rival, scores[rival], winner, scores[winner]);
}

// Every subset of the sheets is tried.
int NaiveFlipMargin(const Panel& panel, Rule rule, size_t winner) {
  const unsigned subsets = 1u << panel.input.sheets.size();
  int least = static_cast<int>(panel.input.sheets.size()) + 1;
  for (size_t rival = 0; rival < panel.input.answers.size(); ++rival) {
    if (rival == winner) continue;
    for (unsigned subset = 0; subset < subsets; ++subset) {
      const int size = std::popcount(subset);
      if (size < least && Flips(panel, rule, winner, rival, subset)) least = size;
    }
  }
  return least;
}

// An upper bound, by all rules: the order in which sheets are rewritten is a guess. Only where the
// plain mean is taken and nobody is dropped does each sheet count by itself, and the guess is best.
TEST(AggregateOracle, TheFlipMarginIsNeverLessThanWhatSomeSubsetTakes) {
  IntegerGenerator random(15);
  int exact = 0;
  for (int trial = 0; trial < 1'000; ++trial) {
    const Panel panel = DrawPanel(random, 6, 3, 2);
    const NaiveRules naive(panel.roster, panel.input);
    bool all_count = true;
    for (size_t i = 0; i < panel.input.answers.size(); ++i) {
      all_count &= naive.Counted(i).size() == panel.input.sheets.size();
    }
    for (Rule rule : AllRules()) {
      const AggregateResult result = panel.Run(rule);
      const int least = NaiveFlipMargin(panel, rule, result.ranking.front());
      ASSERT_GE(result.flip_margin, least) << RuleName(rule) << " in trial " << trial;
      if (rule != Rule::kUnsafeMean || !all_count) continue;
      ASSERT_EQ(result.flip_margin, least) << "trial " << trial;
      ++exact;
    }
  }
  EXPECT_GE(exact, 200);
}

}  // namespace
}  // namespace decentd::aggregate
