#include "node/config/roster_words.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Roster Make(int nodes, int evaluators, RosterParameters parameters = {}) {
  std::vector<RosterNode> list;
  for (int i = 0; i < nodes; ++i) {
    RosterNode node;
    node.name = "node" + std::to_string(i);
    node.key.bytes[0] = static_cast<uint8_t>(i + 1);
    node.addresses = {"host" + std::to_string(i) + ":7400"};
    node.evaluator = i < evaluators;
    list.push_back(node);
  }
  return Roster(1, list, parameters);
}

TEST(RosterInWordsTest, SaysWhatACouncilSurvives) {
  EXPECT_THAT(RosterInWords(Make(4, 4)),
              AllOf(HasSubstr("4 nodes: survives 1 that lies or is down"), HasSubstr("quorum 3:"),
                    HasSubstr("4 evaluators: the winner stands if at most 1 lies or is missing"),
                    Not(HasSubstr("warning"))));
  EXPECT_THAT(RosterInWords(Make(7, 7)),
              AllOf(HasSubstr("7 nodes: survives 2 that lie or are down"), HasSubstr("quorum 5:"),
                    HasSubstr("at most 2 lie or are missing")));
  EXPECT_THAT(RosterInWords(Make(5, 5)),
              HasSubstr("5 evaluators: the winner stands if at most 1 lies or is missing"));
}

TEST(RosterInWordsTest, WarnsOfACouncilThatSurvivesNothing) {
  for (int n : {1, 2, 3}) {
    EXPECT_THAT(RosterInWords(Make(n, n)),
                AllOf(HasSubstr("survives none"), HasSubstr("warning: with ")));
  }
  EXPECT_THAT(RosterInWords(Make(4, 3)), HasSubstr("a single one that lies can choose the winner"));
  RosterParameters mean;
  mean.rule = Rule::kUnsafeMean;
  EXPECT_THAT(RosterInWords(Make(4, 4, mean)), HasSubstr("warning: the rule unsafe_mean"));
}

TEST(RosterInJsonTest, HoldsTheSameFacts) {
  const Roster roster = Make(7, 5);
  const nlohmann::json json = nlohmann::json::parse(RosterInJson(roster));
  EXPECT_EQ(json["cluster_id"], roster.cluster_id().Hex());
  EXPECT_EQ(json["n"], 7);
  EXPECT_EQ(json["f"], 2);
  EXPECT_EQ(json["quorum"], 5);
  EXPECT_EQ(json["evaluators"]["size"], 5);
  EXPECT_EQ(json["evaluators"]["faulty"], 1);
  EXPECT_EQ(json["evaluators"]["gate"], roster.gate(Phase::kSheet));
  EXPECT_EQ(json["nodes"].size(), 7u);
  EXPECT_EQ(json["nodes"][6]["evaluator"], false);
  EXPECT_TRUE(json["warnings"].empty());
}

}  // namespace
}  // namespace decentd
