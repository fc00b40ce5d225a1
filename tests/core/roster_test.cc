#include "node/core/roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "node/core/limits.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<RosterNode> Nodes(size_t n) {
  std::vector<RosterNode> nodes(n);
  for (size_t i = 0; i < n; ++i) {
    nodes[i].name = "node-" + std::to_string(i);
    nodes[i].key.bytes = Sha256(nodes[i].name).bytes;
    nodes[i].addresses = {"host-" + std::to_string(i) + ":7000"};
  }
  return nodes;
}

Roster RosterOf(size_t n, const std::function<void(std::vector<RosterNode>&)>& change = {},
                const RosterParameters& parameters = {}) {
  auto nodes = Nodes(n);
  if (change) change(nodes);
  return Roster(1, nodes, parameters);
}

TEST(Roster, QuorumsShareAnHonestNodeAndHonestNodesMakeOne) {
  for (size_t n = 1; n <= limits::kMaxNodes; ++n) {
    const Roster roster = RosterOf(n);
    const int q = roster.quorum(), f = roster.f();
    EXPECT_EQ(f, static_cast<int>((n - 1) / 3));
    EXPECT_GE(2 * q - roster.n(), f + 1) << n;
    EXPECT_LT(2 * (q - 1) - roster.n(), f + 1) << "a smaller quorum would do for " << n;
    EXPECT_LE(q, roster.n() - f) << n;
  }
  EXPECT_EQ(RosterOf(1).quorum(), 1);
  EXPECT_EQ(RosterOf(2).quorum(), 2);
  EXPECT_EQ(RosterOf(3).quorum(), 2);
  EXPECT_EQ(RosterOf(4).quorum(), 3);
  EXPECT_EQ(RosterOf(5).quorum(), 4);
  EXPECT_EQ(RosterOf(7).quorum(), 5);
}

TEST(Roster, PanelBoundsFollowTheSpec) {
  // n = 10: f = 3. Two workers: at most min(3, 0) may be faulty; eight evaluators: min(3, 2).
  const Roster roster = RosterOf(10, [](auto& nodes) {
    for (size_t i = 0; i < 10; ++i) {
      nodes[i].worker = i < 2;
      nodes[i].evaluator = i >= 2;
    }
  });
  EXPECT_EQ(roster.panel_size(Phase::kAnswer), 2);
  EXPECT_EQ(roster.panel_faulty(Phase::kAnswer), 0);
  EXPECT_EQ(roster.minimum(Phase::kAnswer), 1);
  EXPECT_EQ(roster.gate(Phase::kAnswer), 2);
  EXPECT_EQ(roster.panel_size(Phase::kSheet), 8);
  EXPECT_EQ(roster.panel_faulty(Phase::kSheet), 2);
  EXPECT_EQ(roster.minimum(Phase::kSheet), 5);
  EXPECT_EQ(roster.gate(Phase::kSheet), 6);
  EXPECT_TRUE(roster.panel(Phase::kAnswer).Has(NodeIndex{1}));
  EXPECT_FALSE(roster.panel(Phase::kAnswer).Has(NodeIndex{2}));
}

TEST(Roster, HonestSheetsAreAMajorityOfTheMinimum) {
  for (size_t n = 1; n <= 40; ++n) {
    for (size_t evaluators = 1; evaluators <= n; ++evaluators) {
      const Roster roster = RosterOf(n, [&](auto& nodes) {
        for (size_t i = evaluators; i < n; ++i) nodes[i].evaluator = false;
      });
      const int faulty = roster.panel_faulty(Phase::kSheet), least = roster.minimum(Phase::kSheet);
      EXPECT_GT(least - faulty, faulty);
      EXPECT_LE(least, static_cast<int>(evaluators));
      EXPECT_GE(roster.gate(Phase::kSheet), least);
      EXPECT_LE(roster.gate(Phase::kSheet), static_cast<int>(evaluators));
    }
  }
}

TEST(Roster, FaultyNumbersMayBeSetUpToTheirBound) {
  RosterParameters parameters;
  parameters.faulty_evaluators = 1;
  const auto three_evaluators = [](auto& nodes) {
    for (size_t i = 3; i < nodes.size(); ++i) nodes[i].evaluator = false;
  };
  const Roster roster = RosterOf(7, three_evaluators, parameters);
  EXPECT_EQ(roster.panel_faulty(Phase::kSheet), 1);
  EXPECT_EQ(roster.minimum(Phase::kSheet), 3);
  EXPECT_EQ(roster.gate(Phase::kSheet), 3);  // the minimum, not 3 - 1
  EXPECT_EQ(RosterOf(7, three_evaluators).panel_faulty(Phase::kSheet), 0);

  auto nodes = Nodes(7);
  three_evaluators(nodes);
  parameters.faulty_evaluators = 2;
  EXPECT_THAT(Roster::Problem(nodes, parameters), HasSubstr("faulty_evaluators is 2"));
  parameters.faulty_evaluators = -2;
  EXPECT_THAT(Roster::Problem(nodes, parameters), HasSubstr("it can be 0 to 1"));
}

TEST(Roster, ProblemNamesWhatIsWrong) {
  using Change = std::function<void(std::vector<RosterNode>&, RosterParameters&)>;
  const std::vector<std::pair<std::string, Change>> cases{
      {"no nodes", [](auto& n, auto&) { n.clear(); }},
      {"at most 128", [](auto& n, auto&) { n = Nodes(129); }},
      {"name node-0; names must be distinct", [](auto& n, auto&) { n[2].name = "node-0"; }},
      {"node-0 and node-2 have the same key", [](auto& n, auto&) { n[2].key = n[0].key; }},
      {"node 1: the name must be", [](auto& n, auto&) { n[1].name = "Node"; }},
      {"node 1: the name must be", [](auto& n, auto&) { n[1].name = ""; }},
      {"node 1: the name must be", [](auto& n, auto&) { n[1].name = std::string(65, 'a'); }},
      {"neither worker nor evaluator",
       [](auto& n, auto&) { n[1].worker = n[1].evaluator = false; }},
      {"owner and model family", [](auto& n, auto&) { n[1].owner = "a\nb"; }},
      {"owner and model family", [](auto& n, auto&) { n[1].model_family = std::string(129, 'x'); }},
      {"no worker",
       [](auto& n, auto&) {
         for (auto& x : n) x.worker = false;
       }},
      {"no evaluator",
       [](auto& n, auto&) {
         for (auto& x : n) x.evaluator = false;
       }},
      {"faulty_workers is 2", [](auto&, auto& p) { p.faulty_workers = 2; }},
      {"rule is unknown", [](auto&, auto& p) { p.rule = static_cast<Rule>(9); }},
      {"0 criteria", [](auto&, auto& p) { p.criteria.clear(); }},
      {"33 criteria",
       [](auto&, auto& p) {
         for (int i = 0; i < 28; ++i) p.criteria.push_back("c" + std::to_string(i));
       }},
      {"criterion's name", [](auto&, auto& p) { p.criteria[0] = ""; }},
      {"listed twice", [](auto&, auto& p) { p.criteria[0] = p.criteria[1]; }},
      {"answer phase: hard", [](auto&, auto& p) { p.answer.hard_ms = p.answer.soft_ms; }},
      {"sheet phase: soft", [](auto&, auto& p) { p.sheet.soft_ms = p.sheet.min_soft_ms - 1; }},
      {"lower bounds must be above 0", [](auto&, auto& p) { p.sheet.min_hard_ms = 0; }},
      {"absent_after", [](auto&, auto& p) { p.absent_after_ms = 0; }},
      {"hint_base", [](auto&, auto& p) { p.hint_base_ms = 0; }},
      {"longest lifetime", [](auto&, auto& p) { p.longest_lifetime_ms = 0; }},
      {"longest lifetime", [](auto&, auto& p) { p.longest_lifetime_ms = ~0ull; }},
      {"rounds_per_sponsor", [](auto&, auto& p) { p.rounds_per_sponsor = 0; }},
  };
  for (const auto& [expected, change] : cases) {
    auto nodes = Nodes(4);
    RosterParameters parameters;
    ASSERT_THAT(Roster::Problem(nodes, parameters), IsEmpty());
    change(nodes, parameters);
    EXPECT_THAT(Roster::Problem(nodes, parameters), HasSubstr(expected));
  }
}

TEST(RosterDeathTest, IsNeverMadeOfInvalidParts) {
  EXPECT_DEATH(Roster(1, {}, {}), "the roster has no nodes");
}

TEST(Roster, CanonicalBytesComeBackWithoutAddresses) {
  RosterParameters parameters;
  parameters.rule = Rule::kDuels;
  parameters.criteria = {"clarity", "truth"};
  parameters.answer = {5'000, 9'000, 1, 2};
  parameters.longest_lifetime_ms = 123'456;
  parameters.faulty_workers = 1;
  parameters.drop_same_family = true;
  const Roster roster = RosterOf(
      4,
      [](auto& nodes) {
        nodes[1].owner = "Example Ltd.";
        nodes[2].model_family = "qwen";
        nodes[3].worker = false;
      },
      parameters);
  const auto back = Roster::FromCanonicalBytes(roster.CanonicalBytes());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->cluster_id(), roster.cluster_id());
  EXPECT_EQ(back->cluster_id(), Sha256(roster.CanonicalBytes()));
  EXPECT_EQ(back->node(NodeIndex{1}).owner, "Example Ltd.");
  EXPECT_EQ(back->node(NodeIndex{2}).model_family, "qwen");
  EXPECT_FALSE(back->node(NodeIndex{3}).worker);
  EXPECT_THAT(back->node(NodeIndex{0}).addresses, IsEmpty());
  EXPECT_EQ(back->parameters().criteria, parameters.criteria);
  EXPECT_EQ(back->parameters().answer.hard_ms, 9'000u);
  EXPECT_EQ(back->parameters().faulty_workers, 1);
  EXPECT_EQ(back->parameters().faulty_evaluators, -1);
  EXPECT_TRUE(back->parameters().drop_same_family);
  EXPECT_FALSE(back->parameters().drop_same_owner);
}

TEST(Roster, ClusterIdIsOfEverythingButAddresses) {
  const Digest id = RosterOf(4).cluster_id();
  EXPECT_EQ(RosterOf(4, [](auto& nodes) { nodes[0].addresses = {"elsewhere:1"}; }).cluster_id(),
            id);
  EXPECT_NE(Roster(2, Nodes(4), {}).cluster_id(), id);
  EXPECT_NE(RosterOf(4, [](auto& nodes) { nodes[0].owner = "x"; }).cluster_id(), id);
  EXPECT_NE(RosterOf(4, [](auto& nodes) { nodes[0].model_family = "x"; }).cluster_id(), id);
  EXPECT_NE(RosterOf(4, [](auto& nodes) { std::swap(nodes[0], nodes[1]); }).cluster_id(), id);
  RosterParameters parameters;
  parameters.hint_base_ms = 101;
  EXPECT_NE(RosterOf(4, {}, parameters).cluster_id(), id);
}

// A value that must never change: rosters in the field would become other clusters.
TEST(Roster, ClusterIdOfAFixedRosterIsFixed) {
  EXPECT_EQ(RosterOf(4).cluster_id().Hex(),
            "7fc50104e2764b9d880c51e6cf5a418653d5e4bd8fe02d3ff7191cd40b7091f7");
}

TEST(Roster, NoOtherBytesAreARoster) {
  const std::string bytes = RosterOf(4).CanonicalBytes();
  EXPECT_FALSE(Roster::FromCanonicalBytes("").has_value());
  EXPECT_FALSE(Roster::FromCanonicalBytes(bytes + '\0').has_value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Roster::FromCanonicalBytes(bytes.substr(0, size)).has_value()) << size;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (char flip : {'\x01', '\x04', '\x80', '\xFF'}) {
      std::string other = bytes;
      other[i] = static_cast<char>(other[i] ^ flip);
      // What still reads as a roster is another one, and the only encoding of that one.
      const auto roster = Roster::FromCanonicalBytes(other);
      if (roster) {
        EXPECT_EQ(roster->CanonicalBytes(), other) << i;
      }
    }
  }
}

TEST(Roster, FindsNodesByKeyAndName) {
  const Roster roster = RosterOf(4);
  EXPECT_EQ(roster.FindName("node-2"), NodeIndex{2});
  EXPECT_EQ(roster.FindName("node-9"), std::nullopt);
  EXPECT_EQ(roster.FindKey(roster.node(NodeIndex{3}).key), NodeIndex{3});
  EXPECT_EQ(roster.FindKey(PublicKey{}), std::nullopt);
}

RoundId RoundOf(int number) { return RoundId{Sha256("round " + std::to_string(number))}; }

TEST(Committee, NarrowsThePanelsAndNothingElse) {
  const Roster roster = RosterOf(10);
  const Roster narrowed = roster.Committee(RoundOf(1), 4);
  EXPECT_EQ(narrowed.panel_size(Phase::kAnswer), 4);
  EXPECT_EQ(narrowed.panel(Phase::kAnswer), narrowed.panel(Phase::kSheet));
  EXPECT_EQ(narrowed.panel_faulty(Phase::kAnswer), 1);
  EXPECT_EQ(narrowed.panel_faulty(Phase::kSheet), 1);
  EXPECT_EQ(narrowed.gate(Phase::kAnswer), 3);
  EXPECT_EQ(narrowed.minimum(Phase::kSheet), 3);
  EXPECT_EQ(narrowed.n(), 10);
  EXPECT_EQ(narrowed.quorum(), roster.quorum());
  EXPECT_EQ(narrowed.cluster_id(), roster.cluster_id());
}

TEST(Committee, OfAllIsTheCouncil) {
  const Roster roster = RosterOf(7);
  for (uint32_t size : {0u, 7u, 8u, 4'000'000'000u}) {
    const Roster same = roster.Committee(RoundOf(1), size);
    EXPECT_EQ(same.panel(Phase::kAnswer), roster.panel(Phase::kAnswer)) << size;
    EXPECT_EQ(same.panel_faulty(Phase::kSheet), roster.panel_faulty(Phase::kSheet)) << size;
  }
}

TEST(Committee, OnlyALargerPanelIsNarrowed) {
  const Roster roster = RosterOf(8, [](std::vector<RosterNode>& nodes) {
    for (size_t i = 3; i < nodes.size(); ++i) nodes[i].worker = false;
  });
  const Roster narrowed = roster.Committee(RoundOf(2), 4);
  EXPECT_EQ(narrowed.panel(Phase::kAnswer), roster.panel(Phase::kAnswer));
  EXPECT_EQ(narrowed.panel_faulty(Phase::kAnswer), roster.panel_faulty(Phase::kAnswer));
  EXPECT_EQ(narrowed.panel_size(Phase::kSheet), 4);
}

TEST(Committee, IsDrawnByLotOfTheRound) {
  const Roster roster = RosterOf(10);
  std::vector<int> drawn(10, 0);
  for (int round = 0; round < 1000; ++round) {
    const Roster narrowed = roster.Committee(RoundOf(round), 3);
    EXPECT_EQ(narrowed.panel_size(Phase::kAnswer), 3);
    narrowed.panel(Phase::kAnswer).ForEach([&](NodeIndex node) { ++drawn[node.value]; });
  }
  // 300 each on average, with a standard deviation of 14.
  EXPECT_THAT(drawn, ::testing::Each(::testing::AllOf(::testing::Gt(230), ::testing::Lt(370))));
  // Of the SPEC's formula, computed apart with sha256sum.
  NodeSet expected;
  for (uint16_t node : {2, 3, 6}) expected.Add(NodeIndex{node});
  EXPECT_EQ(roster.Committee(RoundOf(0), 3).panel(Phase::kAnswer), expected);
}

TEST(Committee, StatedFaultsAreNeverRaised) {
  RosterParameters parameters;
  parameters.faulty_workers = 0;
  parameters.faulty_evaluators = 1;
  const Roster narrowed = RosterOf(10, {}, parameters).Committee(RoundOf(3), 8);
  EXPECT_EQ(narrowed.panel_faulty(Phase::kAnswer), 0);
  EXPECT_EQ(narrowed.panel_faulty(Phase::kSheet), 1);
}

TEST(Rule, NamesComeBack) {
  for (uint8_t value = 1; value <= 8; ++value) {
    const Rule rule = static_cast<Rule>(value);
    EXPECT_EQ(RuleFromName(RuleName(rule)), rule);
  }
  EXPECT_EQ(RuleName(Rule::kGeometricMedian), "geometric_median");
  EXPECT_EQ(RuleName(static_cast<Rule>(0)), "");
  EXPECT_EQ(RuleFromName(""), std::nullopt);
  EXPECT_EQ(RuleFromName("mean"), std::nullopt);
}

}  // namespace
}  // namespace decentd
