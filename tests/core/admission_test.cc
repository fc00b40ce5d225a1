// Claims of docs/SPEC.md, section 3, about which rounds a node joins and what waits until then.
#include "node/core/admission.h"

#include <gtest/gtest.h>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kMinute = 60'000;

class AdmissionTest : public ::testing::Test {
 protected:
  const SignedCluster signed_{4, [](auto&, RosterParameters& p) { p.rounds_per_sponsor = 1; }};
  Admission admission_{signed_.roster()};
  const Verified<Query> query_ = signed_.MakeQuery(0, kNow + kMinute);
  const RoundId round_{query_.body_digest()};

  void Hold(int author, int from = 1) {
    admission_.HoldEvent(
        At(from), round_, At(author),
        event::VotesReceived{signed_.Voted(author, round_, 0, {vote::Enter{Phase::kAnswer}})}, 100);
  }
  void HoldSponsor(int author, int from = 1) {
    admission_.HoldEvent(At(from), round_, At(author),
                         event::SponsorReceived{signed_.Say(author, Sponsor{round_})}, 100);
  }
};

TEST_F(AdmissionTest, ASponsoredQueryIsJoinedWithAllThatWaited) {
  Hold(2);
  EXPECT_FALSE(admission_.TryJoin(round_, kNow, 0)) << "no query, no sponsor";
  admission_.HoldQuery(At(1), query_);
  EXPECT_FALSE(admission_.TryJoin(round_, kNow, 0)) << "no sponsor";
  HoldSponsor(3);
  const auto joined = admission_.TryJoin(round_, kNow, 0);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->sponsor, At(3));
  EXPECT_EQ(joined->events.size(), 2u);
  EXPECT_FALSE(admission_.HasQuery(round_)) << "it is forgotten";
}

TEST_F(AdmissionTest, FPlusOneAuthorsTakeANodeAlongEvenAfterExpiry) {
  admission_.HoldQuery(At(1), query_);
  Hold(2);
  Hold(2);
  EXPECT_FALSE(admission_.TryJoin(round_, kNow, 0)) << "one author, which may be a liar";
  Hold(1);
  const auto joined = admission_.TryJoin(round_, kNow + 10 * kMinute, 0);
  ASSERT_TRUE(joined);
  EXPECT_FALSE(joined->sponsor);
}

TEST_F(AdmissionTest, AnExpiredOrFarQueryIsNotJoinedForItsSponsorAlone) {
  admission_.HoldQuery(At(1), query_);
  HoldSponsor(3);
  EXPECT_FALSE(admission_.TryJoin(round_, kNow + kMinute, 0));
  const int64_t longest = static_cast<int64_t>(signed_.roster().parameters().longest_lifetime_ms);
  EXPECT_FALSE(admission_.TryJoin(round_, kNow - longest - 5 * kMinute, 0)) << "beyond the margin";
  EXPECT_TRUE(admission_.TryJoin(round_, kNow + kMinute - 1, 0));
}

TEST_F(AdmissionTest, NothingIsJoinedAtOrBelowTheWatermark) {
  admission_.HoldQuery(At(1), query_);
  for (int i = 0; i < 4; ++i) HoldSponsor(i);
  EXPECT_FALSE(admission_.TryJoin(round_, kNow, kNow + kMinute));
  EXPECT_TRUE(admission_.TryJoin(round_, kNow, kNow + kMinute - 1));
}

TEST_F(AdmissionTest, ASponsorBeyondItsBudgetIsNoReasonToJoin) {
  admission_.HoldQuery(At(1), query_);
  HoldSponsor(3);
  admission_.BeginSponsored(At(3));
  EXPECT_FALSE(admission_.TryJoin(round_, kNow, 0));
  admission_.EndSponsored(At(3));
  EXPECT_TRUE(admission_.TryJoin(round_, kNow, 0));
}

TEST_F(AdmissionTest, AnotherSponsorWithABudgetWillDo) {
  admission_.HoldQuery(At(1), query_);
  admission_.BeginSponsored(At(3));
  HoldSponsor(3);
  HoldSponsor(2);
  const auto joined = admission_.TryJoin(round_, kNow, 0);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->sponsor, At(2));
}

TEST_F(AdmissionTest, TheQueryIsWantedFromFPlusOneAuthorsOn) {
  Hold(2);
  EXPECT_FALSE(admission_.WantsQuery(round_));
  Hold(1);
  EXPECT_TRUE(admission_.WantsQuery(round_));
  admission_.HoldQuery(At(1), query_);
  EXPECT_FALSE(admission_.WantsQuery(round_));
}

TEST_F(AdmissionTest, APeerThatFloodsPushesOutItsOwnRoundsOnly) {
  admission_.HoldQuery(At(1), query_);
  HoldSponsor(1);
  for (int i = 0; i < 2 * static_cast<int>(limits::kMaxUnjoinedRounds); ++i) {
    const RoundId other = TestRound(std::to_string(i));
    admission_.HoldEvent(At(3), other, At(3),
                         event::SponsorReceived{signed_.Say(3, Sponsor{round_})}, 1);
  }
  EXPECT_LE(admission_.Waiting().size(), limits::kMaxUnjoinedRounds);
  EXPECT_TRUE(admission_.TryJoin(round_, kNow, 0));
}

TEST_F(AdmissionTest, QueriesOfOnePeerAreBoundedByTheirBytes) {
  admission_.HoldQuery(At(1), query_);
  const size_t bytes = limits::kMaxQueryBytes - 1024;
  std::vector<RoundId> rounds;
  for (int i = 1; i <= 60; ++i) {
    const auto query = signed_.MakeQuery(i, kNow + kMinute, bytes);
    rounds.push_back({query.body_digest()});
    admission_.HoldQuery(At(3), query);
  }
  size_t held = 0;
  for (const RoundId& round : rounds) held += admission_.HasQuery(round) ? bytes : 0;
  EXPECT_LE(held, limits::kMaxUnjoinedBytes / 4);
  EXPECT_GE(held, bytes);
  EXPECT_TRUE(admission_.HasQuery(rounds.back())) << "the newest stays";
  EXPECT_TRUE(admission_.HasQuery(round_)) << "and what another peer sent";
}

TEST_F(AdmissionTest, EventsBeyondTheBytesOfARoundAreDroppedAndTheirAuthorsAreNot) {
  admission_.HoldQuery(At(1), query_);
  const auto votes = signed_.Voted(3, round_, 0, {vote::Enter{Phase::kAnswer}});
  admission_.HoldEvent(At(3), round_, At(3), event::VotesReceived{votes},
                       limits::kMaxUnjoinedBytesPerRound);
  Hold(2);
  const auto joined = admission_.TryJoin(round_, kNow, 0);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->events.size(), 1u);
}

}  // namespace
}  // namespace decentd::testing
