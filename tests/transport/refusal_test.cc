// Who is not linked, and what both sides are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/nodes.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using testing::Identity;
using testing::kAlice;
using testing::kBob;
using testing::MakeRoster;
using testing::NewIdentities;
using testing::Node;
using testing::StartNode;

TEST(Refusal, AWrongKeyIsNamedOnBothSides) {
  const std::vector<Identity> identities = NewIdentities(3);
  const Roster roster = MakeRoster({identities[0], identities[1]});
  // Bob's key file holds another key than the one the roster names.
  const Roster bobs_roster = MakeRoster({identities[0], identities[2]});
  auto alice = StartNode(roster, identities[0], 0);
  auto bob = StartNode(bobs_roster, identities[2], 1);
  alice->links->SetAddresses(kBob, {bob->address()});
  bob->links->SetAddresses(kAlice, {alice->address()});
  ASSERT_TRUE(alice->log.WaitFor("wrong key")) << alice->log.Text();
  ASSERT_TRUE(alice->log.WaitFor("refused a peer at"));
  ASSERT_TRUE(bob->log.WaitFor("refused"));
  EXPECT_EQ(alice->State(kBob).state, "wrong key");
  EXPECT_THAT(alice->State(kBob).detail,
              HasSubstr(identities[1]->public_key().Hex().substr(0, 12)));
  EXPECT_EQ(bob->State(kAlice).state, "refused");
  EXPECT_THAT(bob->State(kAlice).detail, HasSubstr("identity key is not in the roster of alice"));
  EXPECT_EQ(alice->recorder.seen(kBob).ups, 0);
  EXPECT_EQ(bob->recorder.seen(kAlice).ups, 0);
}

TEST(Refusal, ARefusalThatGoesOnIsLoggedOnce) {
  const std::vector<Identity> identities = NewIdentities(3);
  const Roster roster = MakeRoster({identities[0], identities[1]});
  const Roster bobs_roster = MakeRoster({identities[0], identities[2]});
  auto alice = StartNode(roster, identities[0], 0);
  {
    auto bob = StartNode(bobs_roster, identities[2], 1);
    bob->links->SetAddresses(kAlice, {alice->address()});
    ASSERT_TRUE(bob->log.WaitFor("refused"));
    // Another reason after many attempts shows that the same one was not said again.
    bob->links->SetAddresses(kAlice, {bob->address()});
    ASSERT_TRUE(bob->log.WaitFor("wrong key"));
    bob->links->SetAddresses(kAlice, {alice->address()});
    ASSERT_TRUE(testing::WaitState(
        *bob, kAlice, [](const PeerState& state) { return state.state == "refused"; }));
    EXPECT_EQ(bob->log.Count("refused"), 1) << bob->log.Text();
  }
  EXPECT_EQ(alice->log.Count("refused a peer"), 1) << alice->log.Text();
}

TEST(Refusal, AnotherRosterIsNamedOnBothSidesWhoeverDials) {
  const std::vector<Identity> identities = NewIdentities(2);
  const Roster roster = MakeRoster(identities, 1), other = MakeRoster(identities, 2);
  for (const NodeIndex dialling : {kAlice, kBob}) {
    SCOPED_TRACE(dialling.value);
    auto alice = StartNode(roster, identities[0], 0);
    auto bob = StartNode(other, identities[1], 1);
    if (dialling == kAlice) {
      alice->links->SetAddresses(kBob, {bob->address()});
    } else {
      bob->links->SetAddresses(kAlice, {alice->address()});
    }
    Node& dials = dialling == kAlice ? *alice : *bob;
    Node& answers = dialling == kAlice ? *bob : *alice;
    const NodeIndex answering = dialling == kAlice ? kBob : kAlice;
    ASSERT_TRUE(dials.log.WaitFor("refused")) << dials.log.Text();
    EXPECT_EQ(dials.State(answering).state, "refused");
    ASSERT_TRUE(answers.log.WaitFor("refused a peer at")) << answers.log.Text();
    for (const std::string& told : {dials.State(answering).detail, answers.log.Text()}) {
      EXPECT_THAT(told, HasSubstr(roster.cluster_id().Hex().substr(0, 12)));
      EXPECT_THAT(told, HasSubstr(other.cluster_id().Hex().substr(0, 12)));
      EXPECT_THAT(told, HasSubstr("decentctl roster adopt"));
    }
    EXPECT_EQ(dials.recorder.seen(answering).ups, 0);
    EXPECT_EQ(answers.recorder.seen(dialling).ups, 0);
  }
}

TEST(Refusal, ANodeWithTheKeyOfTheOneItDialsIsRefused) {
  const std::vector<Identity> identities = NewIdentities(2);
  const Roster roster = MakeRoster(identities);
  auto alice = StartNode(roster, identities[0], 0);
  auto twin = StartNode(roster, identities[0], 1);  // believes to be bob, holds alice's key
  twin->links->SetAddresses(kAlice, {alice->address()});
  ASSERT_TRUE(twin->log.WaitFor("own identity key")) << twin->log.Text();
  EXPECT_EQ(twin->State(kAlice).state, "refused");
  EXPECT_EQ(alice->recorder.seen(kBob).ups, 0);
}

TEST(Refusal, TooManyFaultsCloseTheLinkForATime) {
  const std::vector<Identity> identities = NewIdentities(2);
  const Roster roster = MakeRoster(identities);
  auto alice = StartNode(roster, identities[0], 0, [](LinkOptions& options) {
    options.first_block = std::chrono::seconds(10);
  });
  auto bob = StartNode(roster, identities[1], 1);
  bob->links->SetAddresses(kAlice, {alice->address()});
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  int faults = 0;  // more where the counting takes long, for some are forgiven with time
  for (; faults < 1'000 && alice->State(kBob).state != "misbehaved"; ++faults) {
    alice->links->CountFault(kBob);
  }
  EXPECT_GT(faults, 50);
  EXPECT_LT(faults, 1'000);
  const auto was_down = [](const auto& seen) { return seen.downs > 0; };
  ASSERT_TRUE(alice->recorder.WaitFor(kBob, was_down));
  ASSERT_TRUE(bob->recorder.WaitFor(kAlice, was_down));
  ASSERT_TRUE(bob->log.WaitFor("alice: refused: alice says: more than 50 faults"))
      << bob->log.Text();
  // And when the time is over, they are linked again.
  EXPECT_TRUE(alice->recorder.WaitUp(kBob)) << alice->log.Text();
}

}  // namespace
}  // namespace decentd
