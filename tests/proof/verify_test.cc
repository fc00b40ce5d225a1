// The offline verifier: a true bundle passes, and each way of cheating fails its own check.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "node/proof/bundle.h"
#include "node/proof/verify.h"
#include "tests/proof/bundle_maker.h"

namespace decentd {
namespace {

using testing::BundleMaker;
using testing::BundleOptions;
using ::testing::HasSubstr;
using testing::Share;
using ::testing::StartsWith;
using testing::TestCluster;

class VerifyTest : public ::testing::Test {
 protected:
  TestCluster cluster_{7};
  BundleMaker maker_{cluster_};
  Bundle bundle_ = maker_.Make();

  absl::StatusOr<CheckedBundle> Check(const Bundle& bundle, int needed = 0) {
    return VerifyBundle(EncodeBundle(bundle), &cluster_.roster(), needed);
  }
  std::string Refusal(const Bundle& bundle, int needed = 0) {
    return std::string(Check(bundle, needed).status().message());
  }
  // Signs another payload of the slot, and everything that follows from it.
  void Replace(size_t slot, const Propose& payload) {
    std::vector<BundleSlot> one = {bundle_.slots[slot]};
    one[0].proposal = Share(cluster_.Sign(one[0].slot.author.value, payload));
    one[0].certificate.clear();
    maker_.Certify(9, one);
    bundle_.slots[slot] = one[0];
    maker_.SignDecisions(&bundle_);
  }
  Sheet SheetAt(size_t slot) {
    return std::get<Sheet>(
        DecodePropose(cluster_.roster(), bundle_.slots[slot].proposal->body)->payload);
  }
  void DecideAll(const Verdict& verdict) {
    bundle_.decisions.clear();
    for (int node = 0; node < cluster_.roster().quorum(); ++node) {
      bundle_.decisions.push_back(maker_.Decide(node, verdict));
    }
  }
};

TEST_F(VerifyTest, ACommitteesBundleIsCheckedAgainstTheCommittee) {
  BundleOptions options;
  options.committee = 3;
  const auto checked = Check(BundleMaker(cluster_, options).Make());
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->verdict.workers, 3);
  EXPECT_EQ(checked->verdict.evaluators, 3);
  EXPECT_EQ(checked->answers.size(), 3u);
  EXPECT_EQ(checked->roster.panel_size(Phase::kSheet), 3);
  EXPECT_GE(static_cast<int>(checked->decisions.size()), cluster_.roster().quorum());
  options.all_take_part = true;
  EXPECT_THAT(Refusal(BundleMaker(cluster_, options).Make()), StartsWith("proposals: "));
}

TEST_F(VerifyTest, TrueBundlePassesEveryCheck) {
  const auto checked = Check(bundle_);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_TRUE(checked->authenticated);
  EXPECT_EQ(checked->round, maker_.round());
  EXPECT_EQ(checked->query.messages.back().content, "What is the capital of Peru?");
  EXPECT_EQ(checked->answers.size(), 7u);
  EXPECT_EQ(checked->sheets.size(), 7u);
  EXPECT_EQ(checked->decisions.size(), 5u);
  EXPECT_EQ(checked->verdict.outcome, Outcome::kDecided);
  ASSERT_TRUE(checked->aggregate && checked->input);
  const AggregateAnswer& winner = checked->input->answers[checked->aggregate->ranking[0]];
  EXPECT_EQ(winner.author, NodeIndex{6}) << "the one that all judges like best";
  EXPECT_EQ(checked->verdict.winner, winner.digest);
  EXPECT_EQ(checked->bytes, EncodeBundle(bundle_));
  std::vector<std::string> names;
  for (const auto& check : checked->checks) names.push_back(check.name);
  EXPECT_THAT(names, ::testing::ElementsAre("encoding", "roster", "query_signature", "proposals",
                                            "certificates", "decisions", "answer_set", "sheet_set",
                                            "sheets", "verdict", "aggregate"));
}

TEST_F(VerifyTest, EverySizeOfCouncilPasses) {
  for (int n : {1, 2, 3, 4, 5, 10, 13}) {
    const TestCluster cluster(n);
    const auto checked = VerifyBundle(EncodeBundle(BundleMaker(cluster).Make()), &cluster.roster());
    EXPECT_TRUE(checked.ok()) << n << ": " << checked.status();
  }
}

TEST_F(VerifyTest, AbsentAndAbstainingNodesDoNotSpoilARound) {
  BundleOptions options;
  options.silent_workers = {0};
  options.abstaining_workers = {6};
  options.silent_evaluators = {3};
  options.abstaining_evaluators = {4};
  const auto checked = Check(BundleMaker(cluster_, options).Make());
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->answers.size(), 6u);
  EXPECT_EQ(checked->input->answers.size(), 5u);
  EXPECT_EQ(checked->input->sheets.size(), 5u);
  EXPECT_EQ(checked->verdict.answer_count, 5);
}

TEST_F(VerifyTest, FailedRoundsAreProvenToo) {
  BundleOptions options;
  options.silent_workers = {0, 1, 2, 3, 4};
  options.abstaining_workers = {5};
  auto checked = Check(BundleMaker(cluster_, options).Make());
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->verdict.outcome, Outcome::kTooFewAnswers);
  EXPECT_FALSE(checked->aggregate);

  options.silent_workers = {0, 1, 2, 3, 4, 5, 6};
  checked = Check(BundleMaker(cluster_, options).Make());
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_TRUE(checked->answers.empty());

  options = {};
  options.silent_evaluators = {0, 1};
  options.abstaining_evaluators = {2, 3};
  checked = Check(BundleMaker(cluster_, options).Make());
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->verdict.outcome, Outcome::kTooFewSheets);
}

TEST_F(VerifyTest, WithoutATrustedRosterItIsNotAuthenticated) {
  const auto checked = VerifyBundle(EncodeBundle(bundle_), nullptr);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_FALSE(checked->authenticated);
  EXPECT_EQ(checked->roster.cluster_id(), cluster_.roster().cluster_id());
}

TEST_F(VerifyTest, ForeignRosterIsNamedWithTheTrustedOne) {
  const TestCluster foreign(7, 2);
  const std::string bytes = EncodeBundle(BundleMaker(foreign).Make());
  EXPECT_TRUE(VerifyBundle(bytes, nullptr).ok());
  const std::string refusal(VerifyBundle(bytes, &cluster_.roster()).status().message());
  EXPECT_THAT(refusal, StartsWith("roster: "));
  EXPECT_THAT(refusal, HasSubstr(foreign.roster().cluster_id().Hex()));
  EXPECT_THAT(refusal, HasSubstr(cluster_.roster().cluster_id().Hex()));
}

TEST_F(VerifyTest, RosterMustBeCanonical) {
  bundle_.roster.push_back('\0');
  EXPECT_THAT(Refusal(bundle_), StartsWith("roster: "));
}

TEST_F(VerifyTest, SwappedRosterBreaksEverySignature) {
  bundle_.roster = TestCluster(7, 2).roster().CanonicalBytes();
  const std::string refusal(VerifyBundle(EncodeBundle(bundle_), nullptr).status().message());
  EXPECT_THAT(refusal, StartsWith("query_signature: "));
}

TEST_F(VerifyTest, QueryMustBeSignedByItsClient) {
  Envelope query = *bundle_.query;
  query.signature[0] ^= 1;
  bundle_.query = Share(query);
  EXPECT_THAT(Refusal(bundle_), StartsWith("query_signature: "));
  bundle_.query = bundle_.decisions[0];
  EXPECT_THAT(Refusal(bundle_), StartsWith("query_signature: "));
}

TEST_F(VerifyTest, QueryOfAnotherRoundIsRefused) {
  BundleOptions options;
  options.question = "Another question?";
  bundle_.query = BundleMaker(cluster_, options).query();
  EXPECT_THAT(Refusal(bundle_), StartsWith("proposals: "));
}

TEST_F(VerifyTest, ProposalMustBeItsAuthorsOwnForThisSlot) {
  const Bundle good = bundle_;
  bundle_.slots[2].proposal = good.slots[3].proposal;
  EXPECT_THAT(Refusal(bundle_), HasSubstr("is signed by node 3"));
  bundle_.slots[2].proposal = good.slots[9].proposal;  // the sheet of the same node
  EXPECT_THAT(Refusal(bundle_), HasSubstr("payload of the other phase"));
  bundle_.slots[2].proposal = good.decisions[2];
  EXPECT_THAT(Refusal(bundle_), StartsWith("proposals: "));
  Envelope envelope = *good.slots[2].proposal;
  envelope.body.back() ^= 1;
  bundle_.slots[2].proposal = Share(envelope);
  EXPECT_THAT(Refusal(bundle_), StartsWith("proposals: "));
  bundle_ = good;
  bundle_.slots.back().slot.author = NodeIndex{7};
  EXPECT_THAT(Refusal(bundle_), HasSubstr("names node 7"));
}

TEST_F(VerifyTest, CertificateMustBeAQuorumOfEchoesOfTheProposal) {
  const Bundle good = bundle_;
  bundle_.slots[0].certificate.pop_back();
  EXPECT_THAT(Refusal(bundle_), HasSubstr("certificates: the answer of node 0 (node-0) has 4"));

  bundle_ = good;
  bundle_.slots[0].certificate[4] =
      maker_.Echo(3, 5, {{bundle_.slots[0].slot, Sha256(bundle_.slots[0].proposal->body)}});
  EXPECT_THAT(Refusal(bundle_), HasSubstr("distinct nodes")) << "one author twice";

  bundle_ = good;
  bundle_.slots[0].certificate[4] = maker_.Echo(5, 0, {{bundle_.slots[0].slot, Sha256("other")}});
  EXPECT_THAT(Refusal(bundle_), StartsWith("certificates: ")) << "another digest";

  bundle_.slots[0].certificate = good.slots[7].certificate;
  EXPECT_THAT(Refusal(bundle_), StartsWith("certificates: ")) << "another slot's";

  bundle_ = good;
  BundleOptions options;
  options.question = "Another question?";
  bundle_.slots[0].certificate[4] =
      BundleMaker(cluster_, options)
          .Echo(5, 0, {{bundle_.slots[0].slot, Sha256(bundle_.slots[0].proposal->body)}});
  EXPECT_THAT(Refusal(bundle_), StartsWith("certificates: ")) << "another round";

  bundle_ = good;
  Envelope forged = *bundle_.slots[0].certificate[0];
  forged.author = 6;
  bundle_.slots[0].certificate[0] = Share(forged);
  EXPECT_THAT(Refusal(bundle_), StartsWith("certificates: ")) << "forged author";
}

TEST_F(VerifyTest, AnswerOmittedOrExchangedIsNotTheAgreedSet) {
  const Bundle good = bundle_;
  bundle_.slots.erase(bundle_.slots.begin() + 1);
  EXPECT_THAT(Refusal(bundle_), StartsWith("answer_set: "));
  bundle_ = good;
  const std::vector<testing::EnvelopePtr> decisions = bundle_.decisions;
  Replace(1, Propose{maker_.round(), Phase::kAnswer, Answer{"Another answer", "", "", {}}});
  bundle_.decisions = decisions;
  EXPECT_THAT(Refusal(bundle_), StartsWith("answer_set: "));
}

TEST_F(VerifyTest, SheetOmittedIsNotTheAgreedSet) {
  bundle_.slots.pop_back();
  EXPECT_THAT(Refusal(bundle_), StartsWith("sheet_set: "));
}

TEST_F(VerifyTest, SheetMustBeForExactlyTheAgreedAnswers) {
  Sheet sheet = SheetAt(8);
  sheet.answers = Sha256("another set");
  Replace(8, Propose{maker_.round(), Phase::kSheet, sheet});
  EXPECT_THAT(Refusal(bundle_), HasSubstr("sheets: the sheet of node 1 (node-1) is for another"));
}

TEST_F(VerifyTest, SheetWithoutAnAnswerIsRefused) {
  // Not aggregated here: the maker would need what the verifier refuses.
  std::vector<BundleSlot> one = {bundle_.slots[8]};
  Sheet sheet = SheetAt(8);
  sheet.entries.pop_back();
  one[0].proposal = Share(cluster_.Sign(1, Propose{maker_.round(), Phase::kSheet, sheet}));
  one[0].certificate.clear();
  maker_.Certify(9, one);
  Verdict verdict = maker_.VerdictOf(bundle_.slots);
  bundle_.slots[8] = one[0];
  SlotSet sheets;
  for (size_t i = 7; i < 14; ++i) {
    sheets.emplace_back(bundle_.slots[i].slot.author, Sha256(bundle_.slots[i].proposal->body));
  }
  verdict.sheets = DigestOfSet(sheets);
  DecideAll(verdict);
  EXPECT_THAT(Refusal(bundle_), HasSubstr("does not score exactly the answers"));
}

TEST_F(VerifyTest, DecisionsAreCountedByDistinctAuthors) {
  const Verdict verdict = maker_.VerdictOf(bundle_.slots);
  const int f = cluster_.roster().f();
  bundle_.decisions.resize(static_cast<size_t>(f + 1));
  EXPECT_THAT(Refusal(bundle_), HasSubstr("decisions: expected at least 5 decisions, found 3"));
  EXPECT_TRUE(Check(bundle_, f + 1).ok()) << "f + 1 are correct and final";
  bundle_.decisions.resize(static_cast<size_t>(f));
  EXPECT_THAT(Refusal(bundle_, f + 1), StartsWith("decisions: "));

  DecideAll(verdict);
  bundle_.decisions[4] = Share(
      cluster_.Sign(0, Decision{maker_.round(), verdict.Encode(), Closed::kHard, Closed::kHard}));
  EXPECT_THAT(Refusal(bundle_), HasSubstr("node 0 is there twice"));
  DecideAll(verdict);
  bundle_.decisions.push_back(maker_.Decide(5, verdict));
  bundle_.decisions.push_back(maker_.Decide(6, verdict));
  EXPECT_TRUE(Check(bundle_).ok()) << "more than needed";
  bundle_.decisions.clear();
  EXPECT_THAT(Refusal(bundle_, 1), StartsWith("decisions: "));
}

TEST_F(VerifyTest, SwappedOrDissentingDecisionsAreRefused) {
  const Verdict verdict = maker_.VerdictOf(bundle_.slots);
  Verdict other = verdict;
  other.winner = Sha256(bundle_.slots[0].proposal->body);
  bundle_.decisions[3] = maker_.Decide(3, other);
  EXPECT_THAT(Refusal(bundle_), HasSubstr("node 3 has another verdict"));

  BundleOptions options;
  options.question = "Another question?";
  bundle_.decisions = BundleMaker(cluster_, options).Make().decisions;
  EXPECT_THAT(Refusal(bundle_), HasSubstr("decisions: the decision of node 0 is for round"));

  DecideAll(verdict);
  Envelope a = *bundle_.decisions[0], b = *bundle_.decisions[1];
  std::swap(a.author, b.author);
  bundle_.decisions[0] = Share(a);
  bundle_.decisions[1] = Share(b);
  EXPECT_THAT(Refusal(bundle_), HasSubstr("bad_signature"));
}

TEST_F(VerifyTest, VerdictMustFollowFromTheBundleEvenWhenAQuorumSignedIt) {
  const Verdict verdict = maker_.VerdictOf(bundle_.slots);
  const auto refusal_of = [this](Verdict v) {
    DecideAll(v);
    return Refusal(bundle_);
  };
  Verdict v = verdict;
  v.answer_count = 6;
  EXPECT_THAT(refusal_of(v), StartsWith("verdict: "));
  v = verdict;
  v.sheet_count = 8;
  EXPECT_THAT(refusal_of(v), StartsWith("verdict: "));
  v = verdict;
  v.workers = 8;
  EXPECT_THAT(refusal_of(v), StartsWith("verdict: "));
  v = verdict;
  v.evaluators = 6;
  EXPECT_THAT(refusal_of(v), StartsWith("verdict: "));
  v = verdict;
  v.rule = Rule::kUnsafeMean;
  EXPECT_THAT(refusal_of(v), StartsWith("verdict: "));
  v = verdict;
  v.outcome = Outcome::kTooFewSheets;
  v.winner = v.result = Digest{};
  EXPECT_THAT(refusal_of(v), StartsWith("verdict: "));
  v = verdict;
  v.winner = Sha256(bundle_.slots[0].proposal->body);
  EXPECT_THAT(refusal_of(v), StartsWith("aggregate: the sheets make the answer of node 6"));
  v = verdict;
  v.result = Sha256("other scores");
  EXPECT_THAT(refusal_of(v), StartsWith("aggregate: the scores"));
}

TEST_F(VerifyTest, TooFewSheetsCannotPassForADecision) {
  BundleOptions options;
  options.silent_evaluators = {0, 1, 2, 3};
  const BundleMaker maker(cluster_, options);
  bundle_ = maker.Make();
  Verdict verdict = maker.VerdictOf(bundle_.slots);
  ASSERT_EQ(verdict.outcome, Outcome::kTooFewSheets);
  verdict.outcome = Outcome::kDecided;
  verdict.winner = Sha256(bundle_.slots[0].proposal->body);
  bundle_.decisions.clear();
  for (int node = 0; node < 5; ++node) bundle_.decisions.push_back(maker.Decide(node, verdict));
  EXPECT_THAT(Refusal(bundle_), StartsWith("verdict: "));
}

TEST_F(VerifyTest, RoundWithTooFewAnswersHasNoSheets) {
  BundleOptions options;
  options.silent_workers = {0, 1, 2, 3, 4};
  const BundleMaker maker(cluster_, options);
  bundle_ = maker.Make();
  std::vector<BundleSlot> sheet = {
      {{Phase::kSheet, NodeIndex{0}},
       Share(cluster_.Sign(0, Propose{maker.round(), Phase::kSheet, Abstain{}})),
       {}}};
  maker.Certify(1, sheet);
  bundle_.slots.push_back(sheet[0]);
  maker.SignDecisions(&bundle_);
  EXPECT_THAT(Refusal(bundle_), HasSubstr("phase S does not run"));
}

}  // namespace
}  // namespace decentd
