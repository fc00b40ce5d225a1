#include "node/core/aggregate/score_table.h"

#include "node/core/bytes.h"
#include "node/core/check.h"
#include "node/core/limits.h"

namespace decentd::aggregate {
namespace {

template <class Items>
void RequireAscending(const Items& items, const Roster& roster, std::string_view what) {
  Require(!items.empty() && items.size() <= limits::kMaxNodes, what);
  for (size_t i = 0; i < items.size(); ++i) {
    Require(items[i].author.value < roster.n(), what);
    Require(i == 0 || items[i - 1].author < items[i].author, what);
  }
}

void RequireValid(const Roster& roster, const AggregateInput& input) {
  RequireAscending(input.answers, roster, "answers ascend by author, 1 to kMaxNodes of them");
  RequireAscending(input.sheets, roster, "sheets ascend by author, 1 to kMaxNodes of them");
  for (const AggregateSheet& sheet : input.sheets) {
    Require(sheet.entries.size() == input.answers.size(), "a sheet has one entry for each answer");
    for (size_t i = 0; i < sheet.entries.size(); ++i) {
      const SheetEntry& entry = sheet.entries[i];
      Require(entry.author == input.answers[i].author, "a sheet's entries are in answer order");
      Require(entry.scores.size() == roster.parameters().criteria.size(),
              "an entry has one score for each criterion");
      for (uint32_t score : entry.scores) {
        Require(score <= limits::kMaxScore, "a score is at most kMaxScore");
      }
    }
  }
}

Tie TieBetween(const Roster& roster, NodeIndex judge, NodeIndex author) {
  if (judge == author) return Tie::kOwnAnswer;
  const RosterNode &a = roster.node(judge), &b = roster.node(author);
  const RosterParameters& p = roster.parameters();
  if (p.drop_same_owner && !a.owner.empty() && a.owner == b.owner) return Tie::kSameOwner;
  if (p.drop_same_family && !a.model_family.empty() && a.model_family == b.model_family) {
    return Tie::kSameFamily;
  }
  return Tie::kNone;
}

Digest LotOfJudge(NodeIndex judge, const Digest& sheets) {
  ByteWriter out;
  out.U16(judge.value);
  out.Raw(sheets.View());
  return Sha256(out.bytes());
}

}  // namespace

ScoreTable::ScoreTable(const Roster& roster, const AggregateInput& input)
    : judges_(input.sheets.size()),
      answers_(input.answers.size()),
      criteria_(roster.parameters().criteria.size()),
      faulty_(static_cast<size_t>(roster.panel_faulty(Phase::kSheet))) {
  RequireValid(roster, input);
  marks_.reserve(judges_ * answers_ * criteria_);
  totals_.reserve(judges_ * answers_);
  for (const AggregateSheet& sheet : input.sheets) {
    judge_lots_.push_back(LotOfJudge(sheet.author, input.sheets_digest));
    for (const SheetEntry& entry : sheet.entries) {
      int64_t total = 0;
      for (uint32_t score : entry.scores) {
        marks_.push_back(score);
        total += score;
      }
      totals_.push_back(total);
      ties_.push_back(TieBetween(roster, sheet.author, entry.author));
    }
  }
  for (size_t i = 0; i < answers_; ++i) counted_.push_back(CountJudgesOf(i));
}

void ScoreTable::Rewrite(size_t judge, size_t answer, size_t criterion, int64_t mark) {
  int64_t& old = marks_[(judge * answers_ + answer) * criteria_ + criterion];
  totals_[judge * answers_ + answer] += mark - old;
  old = mark;
}

std::vector<size_t> ScoreTable::CountJudgesOf(size_t answer) const {
  std::vector<size_t> counted(judges_);
  for (size_t e = 0; e < judges_; ++e) counted[e] = e;
  for (Tie tie : {Tie::kOwnAnswer, Tie::kSameOwner, Tie::kSameFamily}) {
    std::vector<size_t> untied;
    for (size_t e : counted) {
      if (TieOf(e, answer) != tie) untied.push_back(e);
    }
    if (untied.size() >= 2 * faulty_ + 1) counted = std::move(untied);
  }
  return counted;
}

std::vector<size_t> ScoreTable::CountedForPair(size_t a, size_t b) const {
  std::vector<size_t> all, untied;
  for (size_t e = 0; e < judges_; ++e) {
    all.push_back(e);
    if (TieOf(e, a) == Tie::kNone && TieOf(e, b) == Tie::kNone) untied.push_back(e);
  }
  return untied.size() >= 2 * faulty_ + 1 ? untied : all;
}

}  // namespace decentd::aggregate
