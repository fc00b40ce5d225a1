// The aggregation rules (docs/SPEC.md, section 8). Each is a pure function from the score table to
// the exact score of each of the answers asked for; the larger score is the better answer.
//
// "Withstands b of m" below is the breakdown point: up to b of the m judges that count may write
// anything, and the score still lies within what the honest judges' marks bound.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "node/core/aggregate/score_table.h"

namespace decentd::aggregate {

// Compared first, then second. Micro-points summed over the criteria, and second always 0, unless a
// rule says otherwise.
struct Score {
  int64_t first = 0;
  int64_t second = 0;
  friend auto operator<=>(const Score&, const Score&) = default;
};

inline constexpr int64_t kMicroPerMilli = 1000;
inline constexpr int64_t kMicroPerDoubledMilli = kMicroPerMilli / 2;  // for doubled medians

using Answers = std::span<const size_t>;  // positions of answers in the table

// The components' sum of the geometric median of the judges' score vectors, the point with the
// least sum of distances to them. Withstands floor((m-1)/2) of m (Lopuhaa and Rousseeuw, "Breakdown
// points of affine equivariant estimators", 1991). The paper's rule (Jo and Park, arXiv
// 2507.14928).
std::vector<Score> GeometricMedianScores(const ScoreTable& table, Answers answers);

// The same after each judge's own level is taken away: from every mark of a judge, the judge's mean
// over all answers of that criterion (its own answer included: centring comes before dropping).
// Strict and mild judges then differ no more. A score is relative to the judges' levels and may be
// negative. Withstands floor((m-1)/2) of m, for a judge's level is made of its own marks alone.
std::vector<Score> CentredGeometricMedianScores(const ScoreTable& table, Answers answers);

// The sum of each criterion's median. Withstands floor((m-1)/2) of m (Yin, Chen, Ramchandran and
// Bartlett, "Byzantine-Robust Distributed Learning", 2018). Exact: half milli-points are 500.
std::vector<Score> CoordinateMedianScores(const ScoreTable& table, Answers answers);

// The median of the judges' totals. Withstands floor((m-1)/2) of m (Tukey). Exact as above.
std::vector<Score> MedianOfTotalsScores(const ScoreTable& table, Answers answers);

// The mean of the judges' totals without the f_E largest and the f_E smallest (fewer when fewer
// than 2 f_E + 1 count). Withstands f_E of m (Yin and others, 2018). Rounded down to micro-points.
std::vector<Score> TrimmedMeanScores(const ScoreTable& table, Answers answers);

// The mean of the judges' totals. Withstands 0 of m: one liar moves it as it likes. For comparison
// only, hence its name. Rounded down to micro-points.
std::vector<Score> UnsafeMeanScores(const ScoreTable& table, Answers answers);

// The totals of one judge: whose whole sheet, as one vector over all answers and criteria, has the
// least sum of squared distances to the m - f_E - 2 sheets nearest to it (at least one). Equal
// judges: the largest SHA-256(judge's slot, 2 bytes; digest of the agreed sheets). Nothing is
// dropped. Withstands f_E of m when m >= 2 f_E + 3 (Blanchard, El Mhamdi, Guerraoui and Stainer,
// "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", 2017).
std::vector<Score> KrumScores(const ScoreTable& table, Answers answers);

// Every pair of answers fights a duel, decided by twice the median over the judges of the
// difference of their totals; an answer is worth its worst duel (first, doubled milli-points).
// Answers with equal worst duels: the worst head count, judges above less judges below (second). A
// judge's level cancels in the differences and no judge counts for more than one. Withstands
// floor((m-1)/2) of m: each duel stays among the honest differences. With one answer both are 0.
std::vector<Score> DuelScores(const ScoreTable& table, Answers answers);

// The rule's function. REQUIRES: a rule of the enum.
std::vector<Score> ScoresBy(Rule rule, const ScoreTable& table, Answers answers);

// Twice the median: the lower plus the upper middle of the sorted values. REQUIRES: not empty.
int64_t DoubledMedian(std::vector<int64_t> values);

}  // namespace decentd::aggregate
