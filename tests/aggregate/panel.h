// Rosters and inputs for the tests of aggregation, from plain tables of marks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "node/core/aggregate.h"
#include "node/core/aggregate/rules.h"
#include "node/core/aggregate/score_table.h"
#include "node/core/roster.h"

namespace decentd::aggregate {

using Marks = std::vector<std::vector<std::vector<uint32_t>>>;  // [judge][answer][criterion]

enum class Roles {
  kApart,  // answers come from the first nodes, sheets from the others
  kBoth,   // node i wrote answer i and sheet i
};

inline std::vector<RosterNode> PanelNodes(size_t judges, size_t answers, Roles roles) {
  const size_t n = roles == Roles::kApart ? judges + answers : std::max(judges, answers);
  std::vector<RosterNode> nodes(n);
  for (size_t i = 0; i < n; ++i) {
    nodes[i].name = "node-" + std::to_string(i);
    nodes[i].key.bytes = Sha256(nodes[i].name).bytes;
    if (roles == Roles::kApart) {
      nodes[i].worker = i < answers;
      nodes[i].evaluator = !nodes[i].worker;
    }
  }
  return nodes;
}

inline RosterParameters PanelParameters(size_t criteria) {
  RosterParameters parameters;
  parameters.criteria.clear();
  for (size_t c = 0; c < criteria; ++c) parameters.criteria.push_back("c" + std::to_string(c));
  return parameters;
}

struct Panel {
  Roster roster;
  AggregateInput input;

  AggregateResult Run(Rule rule) const { return Aggregate(roster, rule, input); }
  size_t Winner(Rule rule) const { return Run(rule).ranking.front(); }
  ScoreTable Table() const { return ScoreTable(roster, input); }
  std::vector<Score> Scores(Rule rule) const {
    std::vector<size_t> all(input.answers.size());
    std::iota(all.begin(), all.end(), 0);
    return ScoresBy(rule, Table(), all);
  }
  std::vector<int64_t> FirstScores(Rule rule) const {
    std::vector<int64_t> firsts;
    for (const Score& score : Scores(rule)) firsts.push_back(score.first);
    return firsts;
  }
};

inline AggregateInput PanelInput(const Marks& marks, Roles roles, std::string_view sheets = "S") {
  AggregateInput input;
  const size_t answers = marks.at(0).size();
  for (size_t i = 0; i < answers; ++i) {
    input.answers.push_back(
        {NodeIndex{static_cast<uint16_t>(i)}, Sha256("answer " + std::to_string(i))});
  }
  for (size_t e = 0; e < marks.size(); ++e) {
    AggregateSheet sheet;
    sheet.author.value = static_cast<uint16_t>(roles == Roles::kApart ? answers + e : e);
    for (size_t i = 0; i < answers; ++i) {
      sheet.entries.push_back({input.answers[i].author, marks[e][i]});
    }
    input.sheets.push_back(std::move(sheet));
  }
  input.sheets_digest = Sha256(sheets);
  return input;
}

inline Panel PanelOf(const Marks& marks, Roles roles = Roles::kApart) {
  const size_t judges = marks.size(), answers = marks.at(0).size();
  return {Roster(1, PanelNodes(judges, answers, roles), PanelParameters(marks.at(0).at(0).size())),
          PanelInput(marks, roles)};
}

// One criterion, whole points: points[judge][answer].
inline Marks MarksOf(const std::vector<std::vector<uint32_t>>& points) {
  Marks marks;
  for (const auto& row : points) {
    marks.emplace_back();
    for (uint32_t point : row) marks.back().push_back({point * 1000});
  }
  return marks;
}

inline Panel MakePanel(const std::vector<std::vector<uint32_t>>& points,
                       Roles roles = Roles::kApart) {
  return PanelOf(MarksOf(points), roles);
}

// The integers of the golden vectors: x = 6364136223846793005 x + 1442695040888963407 mod 2^64 from
// the seed, each number the upper 32 bits after a step (Knuth, MMIX).
class IntegerGenerator {
 public:
  explicit IntegerGenerator(uint64_t seed) : x_(seed) {}
  uint32_t Next() {
    x_ = x_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>(x_ >> 32);
  }
  uint32_t Below(uint32_t bound) { return Next() % bound; }

 private:
  uint64_t x_;
};

// Marks that are multiples of `grain` (1 = any; 20000 = pass or fail).
inline Marks RandomMarks(IntegerGenerator& random, size_t judges, size_t answers, size_t criteria,
                         uint32_t grain) {
  Marks marks(judges, std::vector<std::vector<uint32_t>>(answers, std::vector<uint32_t>(criteria)));
  for (auto& sheet : marks) {
    for (auto& entry : sheet) {
      for (uint32_t& mark : entry) mark = random.Below(20000 / grain + 1) * grain;
    }
  }
  return marks;
}

inline const std::vector<Rule>& AllRules() {
  static const std::vector<Rule> rules{
      Rule::kGeometricMedian, Rule::kCentredGeometricMedian, Rule::kDuels, Rule::kCoordinateMedian,
      Rule::kTrimmedMean,     Rule::kMedianOfTotals,         Rule::kKrum,  Rule::kUnsafeMean};
  return rules;
}

}  // namespace decentd::aggregate
