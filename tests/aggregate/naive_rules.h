// Section 8 of docs/SPEC.md, read aloud: an oracle for the rules of node/core/aggregate that are
// exact. Straight from the agreed sheets, sorting and counting, with nothing shared and nothing
// clever. The geometric rules have their own in naive_geometric_median.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "node/core/aggregate.h"
#include "node/core/roster.h"

namespace decentd::aggregate {

class NaiveRules {
 public:
  using Pair = std::pair<int64_t, int64_t>;  // first, second

  NaiveRules(const Roster& roster, const AggregateInput& input) : roster_(roster), input_(input) {}

  // REQUIRES: no geometric rule.
  std::vector<Pair> Scores(Rule rule) const {
    std::vector<Pair> scores;
    for (size_t i = 0; i < k(); ++i) {
      switch (rule) {
        case Rule::kDuels: scores.push_back(Duels(i)); break;
        case Rule::kCoordinateMedian: scores.emplace_back(CoordinateMedian(i), 0); break;
        case Rule::kTrimmedMean: scores.emplace_back(TrimmedMean(i), 0); break;
        case Rule::kMedianOfTotals: scores.emplace_back(500 * Med2(Totals(i)), 0); break;
        case Rule::kKrum: scores.emplace_back(1000 * T(KrumJudge(), i), 0); break;
        default: scores.emplace_back(1000 * Sum(Totals(i)) / Count(Totals(i)), 0); break;
      }
    }
    return scores;
  }

  // "Answers rank by score; equal ones by the larger lot ...; equal lots by the smaller author."
  // The best of those that are left, again and again.
  std::vector<size_t> Ranking(const std::vector<Pair>& scores) const {
    std::vector<size_t> left, ranking;
    for (size_t i = 0; i < k(); ++i) left.push_back(i);
    while (!left.empty()) {
      size_t best = left.front();
      for (size_t i : left) {
        if (scores[i] > scores[best] || (scores[i] == scores[best] && Lot(i) > Lot(best))) best = i;
      }
      ranking.push_back(best);
      std::erase(left, best);
    }
    return ranking;
  }

  static Digest ResultDigest(Rule rule, const std::vector<Pair>& scores,
                             const std::vector<size_t>& ranking) {
    std::string bytes = "decentd/result";
    Put(&bytes, 1, 2);
    Put(&bytes, static_cast<uint64_t>(rule), 1);
    Put(&bytes, scores.size(), 2);
    for (const auto& [first, second] : scores) {
      Put(&bytes, static_cast<uint64_t>(first), 8);
      Put(&bytes, static_cast<uint64_t>(second), 8);
    }
    for (size_t place : ranking) Put(&bytes, place, 2);
    return Sha256(bytes);
  }

  // "The judges counted for answer i start as all of them. Its own author, then ..."
  std::vector<size_t> Counted(size_t i) const {
    std::vector<size_t> counted = All();
    for (int group : {1, 2, 3}) {
      std::vector<size_t> rest;
      for (size_t e : counted) {
        if (Group(e, i) != group) rest.push_back(e);
      }
      if (rest.size() >= 2 * faulty() + 1) counted = rest;
    }
    return counted;
  }

 private:
  size_t k() const { return input_.answers.size(); }
  size_t m() const { return input_.sheets.size(); }
  size_t d() const { return roster_.parameters().criteria.size(); }
  size_t faulty() const { return static_cast<size_t>(roster_.panel_faulty(Phase::kSheet)); }
  int64_t M(size_t e, size_t i, size_t c) const { return input_.sheets[e].entries[i].scores[c]; }
  int64_t T(size_t e, size_t i) const {
    int64_t sum = 0;
    for (size_t c = 0; c < d(); ++c) sum += M(e, i, c);
    return sum;
  }
  std::vector<size_t> All() const {
    std::vector<size_t> all;
    for (size_t e = 0; e < m(); ++e) all.push_back(e);
    return all;
  }

  // 1: the answer's author; 2: of its owner; 3: of its model family; 0: tied to it in no way.
  // "a judge belongs to the first group that fits."
  int Group(size_t e, size_t i) const {
    const NodeIndex judge = input_.sheets[e].author, author = input_.answers[i].author;
    const RosterNode &a = roster_.node(judge), &b = roster_.node(author);
    const RosterParameters& p = roster_.parameters();
    if (judge == author) return 1;
    if (p.drop_same_owner && !a.owner.empty() && a.owner == b.owner) return 2;
    if (p.drop_same_family && !a.model_family.empty() && a.model_family == b.model_family) return 3;
    return 0;
  }
  std::vector<size_t> PairsJudges(size_t i, size_t j) const {
    std::vector<size_t> rest;
    for (size_t e : All()) {
      if (Group(e, i) == 0 && Group(e, j) == 0) rest.push_back(e);
    }
    return rest.size() >= 2 * faulty() + 1 ? rest : All();
  }

  std::vector<int64_t> Totals(size_t i) const {
    std::vector<int64_t> totals;
    for (size_t e : Counted(i)) totals.push_back(T(e, i));
    return totals;
  }
  static int64_t Sum(const std::vector<int64_t>& values) {
    int64_t sum = 0;
    for (int64_t value : values) sum += value;
    return sum;
  }
  static int64_t Count(const std::vector<int64_t>& values) {
    return static_cast<int64_t>(values.size());
  }
  // "the lower middle plus the upper middle"
  static int64_t Med2(std::vector<int64_t> values) {
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2] + values[values.size() / 2];
  }

  Pair Duels(size_t i) const {
    std::vector<int64_t> medians, heads;
    for (size_t j = 0; j < k(); ++j) {
      if (j == i) continue;
      std::vector<int64_t> differences;
      int64_t above = 0, below = 0;
      for (size_t e : PairsJudges(i, j)) {
        differences.push_back(T(e, i) - T(e, j));
        above += T(e, i) > T(e, j);
        below += T(e, i) < T(e, j);
      }
      medians.push_back(Med2(differences));
      heads.push_back(above - below);
    }
    if (medians.empty()) return {0, 0};
    return {*std::min_element(medians.begin(), medians.end()),
            *std::min_element(heads.begin(), heads.end())};
  }
  int64_t CoordinateMedian(size_t i) const {
    int64_t sum = 0;
    for (size_t c = 0; c < d(); ++c) {
      std::vector<int64_t> marks;
      for (size_t e : Counted(i)) marks.push_back(M(e, i, c));
      sum += Med2(marks);
    }
    return 500 * sum;
  }
  int64_t TrimmedMean(size_t i) const {
    std::vector<int64_t> totals = Totals(i);
    std::sort(totals.begin(), totals.end());
    for (size_t t = std::min(faulty(), (totals.size() - 1) / 2); t > 0; --t) {
      totals.erase(totals.begin());
      totals.pop_back();
    }
    return 1000 * Sum(totals) / Count(totals);
  }
  size_t KrumJudge() const {
    const auto cost = [&](size_t x) {
      std::vector<int64_t> distances;
      for (size_t e : All()) {
        if (e == x) continue;
        int64_t distance = 0;
        for (size_t i = 0; i < k(); ++i) {
          for (size_t c = 0; c < d(); ++c) {
            distance += (M(e, i, c) - M(x, i, c)) * (M(e, i, c) - M(x, i, c));
          }
        }
        distances.push_back(distance);
      }
      std::sort(distances.begin(), distances.end());
      const int64_t near = std::max<int64_t>(
          1, static_cast<int64_t>(m()) - static_cast<int64_t>(faulty()) - 2);
      if (distances.size() > static_cast<size_t>(near)) distances.resize(static_cast<size_t>(near));
      return Sum(distances);
    };
    const auto lot = [&](size_t x) {
      std::string bytes;
      Put(&bytes, input_.sheets[x].author.value, 2);
      return Sha256(bytes + std::string(input_.sheets_digest.View()));
    };
    size_t best = 0;
    for (size_t x : All()) {
      if (cost(x) < cost(best) || (cost(x) == cost(best) && lot(x) > lot(best))) best = x;
    }
    return best;
  }

  Digest Lot(size_t i) const {
    return Sha256(std::string(input_.answers[i].digest.View()) +
                  std::string(input_.sheets_digest.View()));
  }
  static void Put(std::string* bytes, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) {
      bytes->push_back(static_cast<char>(value >> (8 * i) & 0xff));
    }
  }

  const Roster& roster_;
  const AggregateInput& input_;
};

}  // namespace decentd::aggregate
