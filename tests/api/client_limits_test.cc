#include "node/api/client_limits.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/api/fake_council.h"

namespace decentd {
namespace {

PublicKey Key(uint8_t i) {
  PublicKey key;
  key.bytes[0] = i;
  return key;
}
RoundId Round(uint8_t i) {
  RoundId round;
  round.digest.bytes[0] = i;
  return round;
}

class ClientLimitsTest : public ::testing::Test {
 protected:
  ClientLimits Make(ClientLimits::Options options) {
    return ClientLimits(
        options, [this](const RoundId& r) { return running.contains(r); }, [this] { return now; });
  }
  std::set<RoundId> running;
  ClientLimits::Clock::time_point now{};
};

TEST_F(ClientLimitsTest, RequestsBeyondTheBucketWaitForTheRefill) {
  ClientLimits limits = Make({.each = {.requests_per_minute = 2, .rounds_in_flight = 0}});
  EXPECT_TRUE(limits.Admit(Key(1), Round(1)).ok());
  EXPECT_TRUE(limits.Admit(Key(1), Round(2)).ok());
  const absl::Status refused = limits.Admit(Key(1), Round(3));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(std::string(refused.message()).find("try again in 30 s"), std::string::npos) << refused;
  now += std::chrono::seconds(30);
  EXPECT_TRUE(limits.Admit(Key(1), Round(3)).ok());
  EXPECT_FALSE(limits.Admit(Key(1), Round(4)).ok());
}

TEST_F(ClientLimitsTest, OneClientsRequestsCostAnotherNothing) {
  ClientLimits limits = Make({.each = {.requests_per_minute = 1, .rounds_in_flight = 0}});
  EXPECT_TRUE(limits.Admit(Key(1), Round(1)).ok());
  EXPECT_FALSE(limits.Admit(Key(1), Round(2)).ok());
  EXPECT_TRUE(limits.Admit(Key(2), Round(3)).ok());
}

TEST_F(ClientLimitsTest, AClientMayHaveLimitsOfItsOwn) {
  ClientLimits limits = Make({.each = {.requests_per_minute = 1, .rounds_in_flight = 0},
                              .own = {{Key(1), {.requests_per_minute = 0, .rounds_in_flight = 2}},
                                      {Key(2), {.requests_per_minute = 2}}}});
  EXPECT_TRUE(limits.Admit(Key(1), Round(1)).ok());
  EXPECT_TRUE(limits.Admit(Key(1), Round(2)).ok());
  EXPECT_FALSE(limits.Admit(Key(1), Round(3)).ok());
  EXPECT_TRUE(limits.Admit(Key(2), Round(4)).ok());
  EXPECT_TRUE(limits.Admit(Key(2), Round(5)).ok());
  const absl::Status refused = limits.Admit(Key(2), Round(6));
  EXPECT_NE(std::string(refused.message()).find("try again in 30 s"), std::string::npos) << refused;
  EXPECT_TRUE(limits.Admit(Key(3), Round(7)).ok());
  EXPECT_FALSE(limits.Admit(Key(3), Round(8)).ok());
}

TEST_F(ClientLimitsTest, RoundsInFlightAreBoundedUntilOneEnds) {
  ClientLimits limits = Make({.each = {.requests_per_minute = 0, .rounds_in_flight = 2}});
  for (uint8_t i : {1, 2}) {
    ASSERT_TRUE(limits.Admit(Key(1), Round(i)).ok());
    running.insert(Round(i));
    limits.Settle(Key(1), Round(i), true);
  }
  EXPECT_EQ(limits.Admit(Key(1), Round(3)).code(), absl::StatusCode::kResourceExhausted);
  running.erase(Round(1));
  EXPECT_TRUE(limits.Admit(Key(1), Round(3)).ok());
}

TEST_F(ClientLimitsTest, TheSameRoundAgainCountsOnce) {
  ClientLimits limits = Make({.each = {.requests_per_minute = 0, .rounds_in_flight = 1}});
  ASSERT_TRUE(limits.Admit(Key(1), Round(1)).ok());
  running.insert(Round(1));
  limits.Settle(Key(1), Round(1), true);
  EXPECT_TRUE(limits.Admit(Key(1), Round(1)).ok());
  // A refusal of the repetition leaves the round that runs counted.
  limits.Settle(Key(1), Round(1), false);
  EXPECT_FALSE(limits.Admit(Key(1), Round(2)).ok());
}

TEST_F(ClientLimitsTest, ARefusedRoundIsNotInFlight) {
  ClientLimits limits = Make({.each = {.requests_per_minute = 0, .rounds_in_flight = 1}});
  ASSERT_TRUE(limits.Admit(Key(1), Round(1)).ok());
  EXPECT_FALSE(limits.Admit(Key(1), Round(2)).ok()) << "a round counts while it is admitted";
  limits.Settle(Key(1), Round(1), false);
  EXPECT_TRUE(limits.Admit(Key(1), Round(2)).ok());
}

TEST_F(ClientLimitsTest, ManyKeysDoNotGrowTheTable) {
  ClientLimits limits =
      Make({.each = {.requests_per_minute = 1, .rounds_in_flight = 1}, .clients = 3});
  for (uint8_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(limits.Admit(Key(i), Round(i)).ok());
    running.insert(Round(i));
    limits.Settle(Key(i), Round(i), true);
  }
  EXPECT_EQ(limits.Admit(Key(4), Round(4)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(limits.clients(), 3u);
  running.erase(Round(2));
  now += std::chrono::minutes(1);
  EXPECT_TRUE(limits.Admit(Key(4), Round(4)).ok()) << "an idle client makes room";
  EXPECT_EQ(limits.clients(), 3u);
}

// A busy node cannot tell; a client at its limit must not gain from that.
TEST(StillRunningTest, ARoundThatCannotBeLookedAtHasNotEnded) {
  class Busy : public FakeCouncil {
   public:
    absl::StatusOr<RoundSummary> GetRound(const RoundId& round) override {
      return busy ? absl::StatusOr<RoundSummary>(absl::UnavailableError("busy"))
                  : FakeCouncil::GetRound(round);
    }
    bool busy = false;
  };
  Busy council;
  const RoundId round{Sha256("a")};
  const auto running = StillRunning(council);
  EXPECT_EQ(running(round), false);
  council.AddRound(round);
  EXPECT_EQ(running(round), true);
  council.busy = true;
  EXPECT_EQ(running(round), std::nullopt);
  council.busy = false;
  council.SetState(round, RoundSummary::State::kDecided);
  EXPECT_EQ(running(round), false);
}

TEST_F(ClientLimitsTest, ABusyNodeIsAskedOnceHoweverManyRoundsAreInFlight) {
  int asked = 0;
  ClientLimits limits({.each = {.requests_per_minute = 0, .rounds_in_flight = 3}},
                      [&](const RoundId&) -> std::optional<bool> {
                        ++asked;
                        return std::nullopt;
                      });
  const PublicKey client{};
  for (const char* name : {"a", "b", "c"}) {
    const RoundId round{Sha256(name)};
    ASSERT_TRUE(limits.Admit(client, round).ok());
    limits.Settle(client, round, true);
  }
  EXPECT_TRUE(absl::IsResourceExhausted(limits.Admit(client, RoundId{Sha256("d")})));
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace decentd
