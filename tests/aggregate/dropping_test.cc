// Which sheets count for which answers, the lot, and what the input must be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

using ::testing::ElementsAre;

std::vector<std::vector<uint32_t>> Rows(size_t judges, size_t answers) {
  return std::vector<std::vector<uint32_t>>(judges, std::vector<uint32_t>(answers, 10));
}

// Seven nodes that all work and judge: f_E = 2, so 5 others must remain.
TEST(Dropping, AnAuthorsScoreOfItsOwnAnswerIsDropped) {
  const Panel panel = MakePanel(Rows(7, 7), Roles::kBoth);
  ASSERT_EQ(panel.roster.panel_faulty(Phase::kSheet), 2);
  EXPECT_THAT(panel.Table().Counted(0), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(panel.Table().Counted(3), ElementsAre(0, 1, 2, 4, 5, 6));
}

TEST(Dropping, StopsWhereTooFewOthersWouldRemain) {
  Panel panel = MakePanel(Rows(7, 7), Roles::kBoth);
  panel.input.sheets.resize(6);
  EXPECT_THAT(panel.Table().Counted(0), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(panel.Table().Counted(6), ElementsAre(0, 1, 2, 3, 4, 5));  // no sheet of its author
  panel.input.sheets.resize(5);
  EXPECT_THAT(panel.Table().Counted(0), ElementsAre(0, 1, 2, 3, 4));
}

TEST(Dropping, SelfPraiseDoesNotHelp) {
  auto rows = Rows(7, 7);
  for (auto& row : rows) row[1] = 11;
  rows[0][0] = 20;
  for (Rule rule : AllRules()) {
    EXPECT_EQ(MakePanel(rows, Roles::kBoth).Winner(rule), 1u) << RuleName(rule);
  }
}

Roster WithOwners(const std::vector<std::string>& owners, bool drop_owner, bool drop_family) {
  std::vector<RosterNode> nodes = PanelNodes(owners.size(), owners.size(), Roles::kBoth);
  for (size_t i = 0; i < owners.size(); ++i) {
    nodes[i].owner = drop_owner ? owners[i] : "";
    nodes[i].model_family = drop_family ? owners[i] : "";
  }
  RosterParameters parameters = PanelParameters(1);
  parameters.drop_same_owner = drop_owner;
  parameters.drop_same_family = drop_family;
  return Roster(1, nodes, parameters);
}

TEST(Dropping, TheSameOwnerOrFamilyIsDroppedIfTheRosterSaysSo) {
  const AggregateInput input = PanelInput(MarksOf(Rows(7, 7)), Roles::kBoth);
  const std::vector<std::string> owners{"a", "a", "", "", "b", "c", "d"};
  for (const auto& [owner, family] : {std::pair{true, false}, std::pair{false, true}}) {
    const ScoreTable table(WithOwners(owners, owner, family), input);
    EXPECT_THAT(table.Counted(0), ElementsAre(2, 3, 4, 5, 6));
    EXPECT_THAT(table.Counted(2), ElementsAre(0, 1, 3, 4, 5, 6));  // no owner: nobody's relative
  }
  const ScoreTable table(WithOwners(owners, false, false), input);
  EXPECT_THAT(table.Counted(0), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Dropping, AnOwnerWithTooManyNodesKeepsItsVotesButNotForItself) {
  const AggregateInput input = PanelInput(MarksOf(Rows(7, 7)), Roles::kBoth);
  const ScoreTable table(WithOwners({"a", "a", "a", "", "", "", ""}, true, false), input);
  EXPECT_THAT(table.Counted(0), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Dropping, DuelsLeaveOutJudgesTiedToEitherSide) {
  Panel panel = MakePanel(Rows(7, 7), Roles::kBoth);
  EXPECT_THAT(panel.Table().CountedForPair(1, 4), ElementsAre(0, 2, 3, 5, 6));
  panel.input.sheets.resize(6);  // only four would remain
  EXPECT_THAT(panel.Table().CountedForPair(1, 4), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(panel.Table().CountedForPair(1, 6), ElementsAre(0, 2, 3, 4, 5));
}

TEST(Lot, EqualAnswersAreOrderedByTheLargestLot) {
  for (Rule rule : AllRules()) {
    for (std::string_view sheets : {"S", "T", "U", "V"}) {
      Panel panel = MakePanel(Rows(4, 3));
      panel.input.sheets_digest = Sha256(sheets);
      const auto ranking = panel.Run(rule).ranking;
      const auto lot = [&](size_t i) {
        return Sha256(std::string(panel.input.answers[i].digest.View()) +
                      std::string(panel.input.sheets_digest.View()));
      };
      EXPECT_GT(lot(ranking[0]), lot(ranking[1])) << RuleName(rule);
      EXPECT_GT(lot(ranking[1]), lot(ranking[2])) << RuleName(rule);
    }
  }
}

TEST(Digest, CoversScoresRankingAndRule) {
  const Panel panel = MakePanel({{10, 8}, {9, 8}, {5, 6}});
  const Digest digest = panel.Run(Rule::kDuels).digest;
  EXPECT_EQ(panel.Run(Rule::kDuels).digest, digest);
  EXPECT_NE(panel.Run(Rule::kMedianOfTotals).digest, digest);
  EXPECT_NE(MakePanel({{11, 8}, {10, 8}, {5, 6}}).Run(Rule::kDuels).digest, digest);
  // The mark that changes here moves the first judge's difference, but not the median one.
  EXPECT_EQ(MakePanel({{20, 8}, {9, 8}, {5, 6}}).Run(Rule::kDuels).digest, digest);
}

TEST(BrokenInputDeathTest, EndsTheProcessInsteadOfComputingSomethingElse) {
  const Panel good = MakePanel({{10, 8}, {9, 8}, {5, 6}});
  const auto dies = [&](auto change, const char* why) {
    Panel panel = good;
    change(panel.input);
    EXPECT_DEATH((void)panel.Run(Rule::kDuels), why);
  };
  dies([](auto& input) { std::swap(input.sheets[0], input.sheets[1]); }, "sheets ascend");
  dies([](auto& input) { input.sheets[1] = input.sheets[0]; }, "sheets ascend");
  dies([](auto& input) { input.sheets.clear(); }, "sheets ascend");
  dies([](auto& input) { std::swap(input.answers[0], input.answers[1]); }, "answers ascend");
  dies([](auto& input) { input.answers[1].author.value = 999; }, "answers ascend");
  dies([](auto& input) { input.sheets[0].entries.pop_back(); }, "one entry for each answer");
  dies([](auto& input) { std::swap(input.sheets[0].entries[0], input.sheets[0].entries[1]); },
       "answer order");
  dies([](auto& input) { input.sheets[0].entries[0].scores = {1, 2}; }, "each criterion");
  dies([](auto& input) { input.sheets[0].entries[0].scores = {20'001}; }, "at most kMaxScore");
}

}  // namespace
}  // namespace decentd::aggregate
