// The agreed scores as an aggregation rule sees them: m judges (rows), k answers, d criteria, all
// in slot order, and which judges are tied to which answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "node/core/aggregate.h"
#include "node/core/roster.h"

namespace decentd::aggregate {

// How close a judge is to an answer's author. Stronger ties are dropped first.
enum class Tie : uint8_t { kNone = 0, kOwnAnswer = 1, kSameOwner = 2, kSameFamily = 3 };

class ScoreTable {
 public:
  // REQUIRES: as Aggregate(); anything else ends the process.
  ScoreTable(const Roster& roster, const AggregateInput& input);

  size_t judges() const { return judges_; }
  size_t answers() const { return answers_; }
  size_t criteria() const { return criteria_; }
  size_t faulty() const { return faulty_; }  // f_E: the liars that a rule has to withstand

  // Milli-points of one criterion, and their sum over the criteria.
  int64_t Mark(size_t judge, size_t answer, size_t criterion) const {
    return marks_[(judge * answers_ + answer) * criteria_ + criterion];
  }
  int64_t Total(size_t judge, size_t answer) const { return totals_[judge * answers_ + answer]; }
  void Rewrite(size_t judge, size_t answer, size_t criterion, int64_t mark);

  // The judges whose score of this answer counts, ascending; at least 2 f_E + 1 when any was
  // dropped. A judge's score of its own answer goes first, then those of the answer's owner, then
  // those of its model family (the roster says whether), each group only as a whole and only when
  // enough judges remain.
  const std::vector<size_t>& Counted(size_t answer) const { return counted_[answer]; }

  // The judges of a comparison: all that are tied to neither answer, or simply all when fewer than
  // 2 f_E + 1 would remain. Ascending.
  std::vector<size_t> CountedForPair(size_t a, size_t b) const;

  // For each judge the digest that decides between judges who are equal by a rule.
  const Digest& JudgeLot(size_t judge) const { return judge_lots_[judge]; }

 private:
  Tie TieOf(size_t judge, size_t answer) const { return ties_[judge * answers_ + answer]; }
  std::vector<size_t> CountJudgesOf(size_t answer) const;

  size_t judges_, answers_, criteria_, faulty_;
  std::vector<int64_t> marks_, totals_;
  std::vector<Tie> ties_;
  std::vector<std::vector<size_t>> counted_;
  std::vector<Digest> judge_lots_;
};

}  // namespace decentd::aggregate
