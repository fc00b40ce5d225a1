#include "node/config/roster_file.h"

#include "crypto/ed25519_signer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/text.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kKeyA = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const std::string kKeyB = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

std::string Valid() {
  return Concat(R"(version: 1
epoch: 3
nodes:
  - name: alice
    key: )",
                kKeyA, R"(
    addresses: [alice.example.org:7400, "10.0.0.1:7400"]
    roles: [worker, evaluator]
    owner: Acme Ltd
    family: qwen
  - name: bob
    key: )",
                kKeyB, R"(
    addresses: [bob.example.org:7400]
    roles: [evaluator]
parameters:
  rule: coordinate_median
  criteria: [truth, style]
  answer: {soft: 20s, hard: 1m, min_soft: 500ms, min_hard: 2s}
  sheet: {soft: 10s, hard: 2m, min_soft: 1s, min_hard: 2s}
  absent_after: 3s
  hint_base: 50ms
  longest_lifetime: 1h
  rounds_per_sponsor: 16
  faulty_workers: 0
  drop_same_owner: true
)");
}

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = Valid();
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  return MessageOf(ParseRoster(text, "roster.yaml").status());
}

TEST(RosterFile, SaysWhatItSays) {
  const absl::StatusOr<Roster> roster = ParseRoster(Valid(), "roster.yaml");
  ASSERT_TRUE(roster.ok()) << roster.status();
  EXPECT_EQ(roster->epoch(), 3u);
  ASSERT_EQ(roster->n(), 2);
  const RosterNode& alice = roster->nodes()[0];
  EXPECT_EQ(alice.name, "alice");
  EXPECT_EQ(alice.key.Hex(), kKeyA);
  EXPECT_EQ(alice.addresses.size(), 2u);
  EXPECT_EQ(alice.owner, "Acme Ltd");
  EXPECT_EQ(alice.model_family, "qwen");
  EXPECT_FALSE(roster->nodes()[1].worker);
  EXPECT_TRUE(roster->nodes()[1].evaluator);
  const RosterParameters& p = roster->parameters();
  EXPECT_EQ(p.rule, Rule::kCoordinateMedian);
  EXPECT_EQ(p.criteria, (std::vector<std::string>{"truth", "style"}));
  EXPECT_EQ(p.answer.soft_ms, 20'000u);
  EXPECT_EQ(p.answer.min_soft_ms, 500u);
  EXPECT_EQ(p.sheet.hard_ms, 120'000u);
  EXPECT_EQ(p.absent_after_ms, 3'000u);
  EXPECT_EQ(p.hint_base_ms, 50u);
  EXPECT_EQ(p.rounds_per_sponsor, 16u);
  EXPECT_EQ(p.faulty_workers, 0);
  EXPECT_EQ(p.faulty_evaluators, -1);
  EXPECT_TRUE(p.drop_same_owner);
  EXPECT_FALSE(p.drop_same_family);
}

TEST(RosterFile, IsWrittenAsItIsRead) {
  const absl::StatusOr<Roster> roster = ParseRoster(Valid(), "roster.yaml");
  ASSERT_TRUE(roster.ok());
  const absl::StatusOr<Roster> again = ParseRoster(RenderRoster(*roster), "again.yaml");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->cluster_id(), roster->cluster_id());
  EXPECT_EQ(again->CanonicalBytes(), roster->CanonicalBytes());
  EXPECT_EQ(again->nodes()[0].addresses, roster->nodes()[0].addresses);
}

TEST(RosterFile, EveryRuleHasAName) {
  for (Rule rule : {Rule::kGeometricMedian, Rule::kCentredGeometricMedian, Rule::kDuels,
                    Rule::kCoordinateMedian, Rule::kTrimmedMean, Rule::kMedianOfTotals, Rule::kKrum,
                    Rule::kUnsafeMean}) {
    const auto roster = ParseRoster(Replaced("coordinate_median", RuleName(rule)), "r");
    ASSERT_TRUE(roster.ok()) << roster.status();
    EXPECT_EQ(roster->parameters().rule, rule);
  }
}

TEST(RosterFile, NamesTheUnknownKeyAndTheNearestOne) {
  EXPECT_EQ(ErrorOf(Replaced("absent_after", "absent_aftr")),
            "roster.yaml:15:3: the key 'parameters.absent_after' is missing; expected a duration "
            "with its unit, such as 500ms, 30s, 2m, 1h or 7d\n"
            "roster.yaml:19:3: unknown key 'parameters.absent_aftr'; did you mean 'absent_after'?");
  EXPECT_THAT(ErrorOf(Replaced("owner: Acme Ltd", "colour: red")),
              AllOf(StartsWith("roster.yaml:8:5: unknown key 'nodes[0].colour'; expected one of "),
                    HasSubstr("name, key, addresses, roles, owner, family")));
}

TEST(RosterFile, NamesTheMissingKey) {
  EXPECT_THAT(ErrorOf(Replaced("epoch: 3\n", "")), HasSubstr("the key 'epoch' is missing"));
  EXPECT_THAT(ErrorOf(Replaced("    roles: [evaluator]\n", "")),
              HasSubstr("roster.yaml:10:5: the key 'nodes[1].roles' is missing"));
  EXPECT_THAT(ErrorOf("version: 1\nepoch: 1\n"),
              AllOf(HasSubstr("'nodes' is missing"), HasSubstr("'parameters' is missing")));
}

TEST(RosterFile, ADurationNeedsItsUnit) {
  EXPECT_THAT(ErrorOf(Replaced("absent_after: 3s", "absent_after: 3")),
              AllOf(StartsWith("roster.yaml:19:17: parameters.absent_after: "),
                    HasSubstr("the number 3 has no unit; expected a duration")));
  EXPECT_THAT(ErrorOf(Replaced("soft: 20s", "soft: 20sec")), HasSubstr("unknown unit 'sec'"));
  EXPECT_THAT(ErrorOf(Replaced("soft: 20s", "soft: [1]")), HasSubstr("found a list"));
}

TEST(RosterFile, NamesTheWrongType) {
  EXPECT_THAT(ErrorOf(Replaced("epoch: 3", "epoch: three")),
              HasSubstr("roster.yaml:2:8: epoch: expected a whole number from 1 to 4294967295, "
                        "found 'three'"));
  EXPECT_THAT(ErrorOf(Replaced("epoch: 3", "epoch: -1")), HasSubstr("found '-1'"));
  EXPECT_THAT(ErrorOf(Replaced("epoch: 3", "epoch:")), HasSubstr("found nothing"));
  EXPECT_THAT(ErrorOf(Replaced("drop_same_owner: true", "drop_same_owner: yes")),
              HasSubstr("expected true or false, found 'yes'"));
  EXPECT_THAT(ErrorOf(Replaced("criteria: [truth, style]", "criteria: truth")),
              HasSubstr("expected a list of texts, found a single value"));
  EXPECT_THAT(ErrorOf(Replaced("answer: {soft: 20s, hard: 1m, min_soft: 500ms, min_hard: 2s}",
                               "answer: 20s")),
              HasSubstr("expected a map of keys"));
  EXPECT_THAT(ErrorOf(Replaced("version: 1", "version: 2")), HasSubstr("from 1 to 1"));
}

TEST(RosterFile, NamesTheUnknownRuleAndTheNearestOne) {
  EXPECT_THAT(
      ErrorOf(Replaced("coordinate_median", "coordinate_medan")),
      AllOf(StartsWith("roster.yaml:15:9: "), HasSubstr("did you mean 'coordinate_median'")));
}

TEST(RosterFile, NodesShareNothingThatMustBeTheirOwn) {
  EXPECT_EQ(ErrorOf(Replaced("name: bob", "name: alice")),
            "roster.yaml:10:11: the name alice was given before, in line 4; every node needs its "
            "own");
  EXPECT_EQ(ErrorOf(Replaced(kKeyB, kKeyA)),
            Concat("roster.yaml:11:10: the key ", kKeyA,
                   " was given before, in line 5; every node needs its own"));
  EXPECT_THAT(ErrorOf(Replaced("bob.example.org:7400", "10.0.0.1:7400")),
              HasSubstr("the address 10.0.0.1:7400 was given before, in line 6"));
  EXPECT_THAT(ErrorOf(Replaced("epoch: 3", "epoch: 3\nepoch: 4")),
              HasSubstr("the key 'epoch' was given before, in line 2"));
}

TEST(RosterFile, NamesTheBadField) {
  EXPECT_THAT(ErrorOf(Replaced(kKeyA, "abc")), HasSubstr("64 hexadecimal digits, found 3"));
  EXPECT_THAT(ErrorOf(Replaced("name: bob", "name: Bob!")), HasSubstr("a-z, 0-9"));
  EXPECT_THAT(
      ErrorOf(Replaced("[bob.example.org:7400]", "[bob.example.org]")),
      HasSubstr("roster.yaml:12:17: nodes[1].addresses: 'bob.example.org' is not an address"));
  EXPECT_THAT(ErrorOf(Replaced("roles: [evaluator]", "roles: [judge]")),
              HasSubstr("expected worker or evaluator, found 'judge'"));
  EXPECT_THAT(ErrorOf(Replaced("roles: [evaluator]", "roles: []")), HasSubstr("the list is empty"));
  EXPECT_THAT(ErrorOf(Replaced("roles: [evaluator]", "roles: [evaluator, evaluator]")),
              HasSubstr("given twice"));
}

TEST(RosterFile, HoldsWhatTheProtocolNeeds) {
  EXPECT_THAT(ErrorOf(Replaced("soft: 20s, hard: 1m", "soft: 20s, hard: 20s")),
              AllOf(StartsWith("roster.yaml:17:"), HasSubstr("must be longer than soft (20s)")));
  EXPECT_THAT(ErrorOf(Replaced("soft: 20s", "soft: 100ms")), HasSubstr("below min_soft (500ms)"));
  EXPECT_THAT(ErrorOf(Replaced("faulty_workers: 0", "faulty_workers: 1")),
              AllOf(StartsWith("roster.yaml:15:3: "), HasSubstr("faulty_workers is 1")));
  EXPECT_THAT(ErrorOf(Replaced("[truth, style]", "[truth, truth]")), HasSubstr("listed twice"));
  EXPECT_THAT(ErrorOf(Replaced("roles: [worker, evaluator]", "roles: [evaluator]")),
              HasSubstr("no worker"));
}

TEST(RosterFile, TellsAllProblemsAtOnceInOrder) {
  std::string text = Replaced("rounds_per_sponsor: 16", "rounds_per_sponsor: none");
  text.replace(text.find("epoch: 3"), 8, "epoch: x");
  EXPECT_EQ(Split(ErrorOf(text), '\n').size(), 2u);
  EXPECT_THAT(ErrorOf(text), AllOf(StartsWith("roster.yaml:2:"), HasSubstr("\nroster.yaml:22:")));
}

}  // namespace
}  // namespace decentd
