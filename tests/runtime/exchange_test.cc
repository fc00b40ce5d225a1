// What peers compare and send, docs/SPEC.md, section 10.
#include "node/runtime/exchange.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

class ExchangeTest : public ::testing::Test {
 protected:
  explicit ExchangeTest(int n = 7) : signed_(n) {}

  // Certificates are by nodes 2 to 6, whose word neither round takes for its own.
  const SignedCluster signed_;
  const Verified<Query> query_ = signed_.MakeQuery();
  Round rich_{signed_.roster(), At(0), query_};
  Round poor_{signed_.roster(), At(1), query_};
  const RoundId id_ = rich_.id();
  const Slot slot_{Phase::kAnswer, NodeIndex{3}};

  void SetUp() override {
    (void)rich_.Start(false);
    (void)poor_.Start(false);
  }
  static void Give(Round& round, const Event& event) { (void)round.Step(event); }
  std::optional<peer::v1::Want> PoorWants() const {
    return exchange::Compare(signed_.roster(), poor_, exchange::MakeHave(signed_.roster(), rich_));
  }
  bool RichHoldsMore() const {
    return exchange::HoldsMore(signed_.roster(), rich_,
                               exchange::MakeHave(signed_.roster(), poor_));
  }
  // What rich serves for it, delivered to poor; the number of frames.
  size_t Serve(const peer::v1::Want& want) {
    const auto frames = exchange::Serve(rich_, want);
    for (const auto& frame : frames) {
      for (const auto& proto : frame->envelopes().envelopes()) {
        auto verified = signed_.verifier.Verify(*FromProto(proto));
        auto& any = std::get<AnyVerified>(verified);
        if (auto* v = std::get_if<Verified<Votes>>(&any)) Give(poor_, event::VotesReceived{*v});
        if (auto* p = std::get_if<Verified<Propose>>(&any)) Give(poor_, event::ProposeReceived{*p});
        if (auto* d = std::get_if<Verified<Decision>>(&any)) {
          Give(poor_, event::DecisionReceived{*d});
        }
      }
      if (!frame->has_certificate()) continue;
      std::vector<Envelope> votes;
      for (const auto& proto : frame->certificate().votes()) votes.push_back(*FromProto(proto));
      auto certificate = signed_.verifier.VerifyCertificate(
          id_,
          {static_cast<Phase>(frame->certificate().phase()),
           At(static_cast<int>(frame->certificate().author()))},
          *Digest::FromBytes(frame->certificate().digest()), std::move(votes));
      Give(poor_, event::CertificateReceived{std::get<VerifiedCertificate>(certificate)});
    }
    return frames.size();
  }
};

TEST_F(ExchangeTest, EqualRoundsWantNothing) {
  EXPECT_FALSE(PoorWants());
  EXPECT_FALSE(RichHoldsMore());
}

TEST_F(ExchangeTest, ALostVotesBodyIsAskedForAndServed) {
  for (uint64_t seq = 0; seq < 5; ++seq) {
    const auto votes = signed_.Voted(2, id_, seq, {vote::Enter{Phase::kAnswer}});
    Give(rich_, event::VotesReceived{votes});
    if (seq != 1) Give(poor_, event::VotesReceived{votes});
  }
  EXPECT_EQ(poor_.ContiguousVotes(At(2)), 1u);
  EXPECT_TRUE(RichHoldsMore());
  const auto want = PoorWants();
  ASSERT_TRUE(want);
  ASSERT_EQ(want->votes_size(), 1);
  EXPECT_EQ(want->votes(0).author(), 2u);
  EXPECT_EQ(want->votes(0).from(), 1u);
  Serve(*want);
  EXPECT_EQ(poor_.ContiguousVotes(At(2)), 5u);
  EXPECT_FALSE(PoorWants());
}

TEST_F(ExchangeTest, APayloadAndACertificateAreAskedForAndServed) {
  const auto answer = signed_.Answered(3, id_);
  Give(rich_, event::ProposeReceived{answer});
  Give(rich_, event::CertificateReceived{signed_.Certify(id_, slot_, answer.body_digest(), 0)});
  ASSERT_TRUE(PoorWants());
  EXPECT_TRUE(RichHoldsMore());
  Serve(*PoorWants());
  const Broadcast& held = *std::as_const(poor_).set(Phase::kAnswer).broadcast(At(3));
  EXPECT_EQ(held.certified(), answer.body_digest());
  EXPECT_NE(held.payload(), nullptr);
  EXPECT_FALSE(PoorWants());
}

TEST_F(ExchangeTest, WhoHoldsTheWrongProposalGetsTheCertifiedOne) {
  const auto wrong = signed_.Answered(3, id_, "shown to one node only");
  const auto right = signed_.Answered(3, id_, "shown to the others");
  Give(poor_, event::ProposeReceived{wrong});
  Give(rich_, event::ProposeReceived{right});
  Give(rich_, event::CertificateReceived{signed_.Certify(id_, slot_, right.body_digest(), 0)});
  Serve(*PoorWants());
  const Broadcast& held = *std::as_const(poor_).set(Phase::kAnswer).broadcast(At(3));
  ASSERT_NE(held.payload(), nullptr);
  EXPECT_EQ(held.payload()->body_digest(), right.body_digest());
  EXPECT_FALSE(PoorWants());
}

TEST_F(ExchangeTest, WhoHoldsTheCertificateAndTheWrongProposalGetsTheRightOne) {
  const auto right = signed_.Answered(3, id_, "shown to the others");
  const auto certificate = signed_.Certify(id_, slot_, right.body_digest(), 0);
  Give(poor_, event::ProposeReceived{signed_.Answered(3, id_, "shown to one node only")});
  Give(poor_, event::CertificateReceived{certificate});
  Give(rich_, event::ProposeReceived{right});
  Give(rich_, event::CertificateReceived{certificate});
  ASSERT_TRUE(PoorWants());
  Serve(*PoorWants());
  EXPECT_NE(std::as_const(poor_).set(Phase::kAnswer).broadcast(At(3))->payload(), nullptr);
}

TEST_F(ExchangeTest, DecisionsAreAskedForAndServed) {
  Verdict verdict;
  verdict.outcome = Outcome::kTooFewAnswers;
  Give(rich_, event::DecisionReceived{
                  signed_.Say(2, Decision{id_, verdict.Encode(), Closed::kHard, Closed::kNone})});
  EXPECT_TRUE(RichHoldsMore());
  Serve(*PoorWants());
  EXPECT_EQ(poor_.decisions().size(), 1u);
}

TEST_F(ExchangeTest, TheQueryIsServedWithItsSponsors) {
  Give(rich_, event::SponsorReceived{signed_.Say(2, Sponsor{id_})});
  peer::v1::Want want;
  want.set_query(true);
  const auto frames = exchange::Serve(rich_, want);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0]->envelopes().envelopes_size(), 2);
}

TEST_F(ExchangeTest, WhatAPeerMakesUpIsNeitherBelievedNorHarmful) {
  peer::v1::Have have;
  for (int i = 0; i < 500; ++i) have.add_votes_held(~0ull);
  for (uint32_t author : {0u, 3u, 4u, 70'000u, ~0u}) {
    for (uint32_t phase : {0u, 1u, 7u}) {
      auto* slot = have.add_slots();
      slot->set_author(author);
      slot->set_phase(static_cast<types::v1::Phase>(phase));
      slot->set_payload("short");
      slot->set_certified(std::string(1000, 'x'));
    }
  }
  have.set_decisions(std::string(1000, '\xff'));
  const auto want = exchange::Compare(signed_.roster(), poor_, have);
  ASSERT_TRUE(want);
  EXPECT_EQ(want->votes_size(), 7);
  EXPECT_LE(want->slots_size(), 2 * signed_.roster().n() + 1);
  (void)exchange::HoldsMore(signed_.roster(), rich_, have);

  peer::v1::Want strange;
  strange.set_decisions(std::string(1000, '\xff'));
  for (uint32_t author : {0u, 4u, ~0u}) {
    strange.add_votes()->set_author(author);
    auto* slot = strange.add_slots();
    slot->set_author(author);
    slot->set_phase(static_cast<types::v1::Phase>(author));
    slot->set_certificate(true);
    slot->set_payload(true);
  }
  EXPECT_TRUE(exchange::Serve(rich_, strange).empty());
}

// A council whose answers are as long as they may be.
class ExchangeOfMuch : public ExchangeTest {
 protected:
  static constexpr int kNodes = 25;
  ExchangeOfMuch() : ExchangeTest(kNodes) {}
};

TEST_F(ExchangeOfMuch, OneAnswerIsBoundedAndTheRestIsAskedForAgain) {
  const std::string text(limits::kMaxPayloadBytes - 1024, 'x');
  for (int author = 2; author < kNodes; ++author) {
    Give(rich_, event::ProposeReceived{signed_.Answered(author, id_, text)});
    Give(rich_, event::VotesReceived{signed_.Voted(author, id_, 0, {vote::Enter{Phase::kAnswer}})});
  }
  int turns = 0;
  while (const auto want = PoorWants()) {
    if (++turns > 10) break;
    size_t served = 0;
    for (const auto& frame : exchange::Serve(rich_, *want)) {
      EXPECT_LE(frame->ByteSizeLong(), limits::kMaxFrameBytes / 2);
      served += frame->ByteSizeLong();
    }
    EXPECT_LE(served, limits::kMaxFrameBytes + (256u << 10));
    Serve(*want);
  }
  EXPECT_GT(turns, 1);
  EXPECT_LE(turns, 10);
}

// Liars that pad their Votes must not make a certificate that no frame can carry.
TEST(ExchangeOfMost, ACertificateOfTheLongestVotesFitsAFrame) {
  constexpr int kNodes = static_cast<int>(limits::kMaxNodes);
  const SignedCluster cluster(kNodes);
  Round round(cluster.roster(), At(0), cluster.MakeQuery());
  (void)round.Start(false);
  const Slot slot{Phase::kAnswer, At(3)};
  (void)round.Step(event::CertificateReceived{
      cluster.CertifyPadded(round.id(), slot, Sha256("payload"), 1)});
  peer::v1::Want want;
  want.add_slots()->set_author(3);
  want.mutable_slots(0)->set_certificate(true);
  const auto frames = exchange::Serve(round, want);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_LE(frames[0]->ByteSizeLong(), limits::MaxCertificateBytes(kNodes));
  EXPECT_LE(frames[0]->ByteSizeLong(), limits::kMaxFrameBytes);
}

}  // namespace
}  // namespace decentd::testing
