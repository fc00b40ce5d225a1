// What links promise to honest nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/transport/nodes.h"

namespace decentd {
namespace {

using testing::EnvelopeFrame;
using ::testing::HasSubstr;
using testing::Identity;
using testing::kAlice;
using testing::kBob;
using testing::kCarol;
using testing::MakeRoster;
using testing::NewIdentities;
using testing::Node;
using testing::Recorder;
using testing::StartNode;
using testing::WaitState;
using testing::WantFrame;

class Links : public ::testing::Test {
 protected:
  const std::vector<Identity> identities_ = NewIdentities(2);
  const Roster roster_ = MakeRoster(identities_);

  std::unique_ptr<Node> Start(NodeIndex self, uint64_t boot = 1,
                              const std::function<void(LinkOptions&)>& change = {},
                              const std::string& address = "127.0.0.1:0") {
    return StartNode(
        roster_, identities_[self.value], self.value,
        [&](LinkOptions& options) {
          options.boot = boot;
          if (change) change(options);
        },
        address);
  }
};

TEST_F(Links, WhoeverDialsBothSidesAreLinkedAndExchange) {
  for (const NodeIndex dialling : {kAlice, kBob}) {
    SCOPED_TRACE(dialling.value);
    auto alice = Start(kAlice), bob = Start(kBob);
    if (dialling == kAlice) {
      alice->links->SetAddresses(kBob, {bob->address()});
    } else {
      bob->links->SetAddresses(kAlice, {alice->address()});
    }
    ASSERT_TRUE(alice->recorder.WaitUp(kBob)) << alice->log.Text();
    ASSERT_TRUE(bob->recorder.WaitUp(kAlice)) << bob->log.Text();
    alice->links->Send(kBob, EnvelopeFrame("from alice"));
    bob->links->Send(kAlice, EnvelopeFrame("from bob"));
    EXPECT_TRUE(bob->recorder.WaitFor(
        kAlice, [](const Recorder::Seen& seen) { return !seen.bodies.empty(); }));
    EXPECT_TRUE(alice->recorder.WaitFor(
        kBob, [](const Recorder::Seen& seen) { return !seen.bodies.empty(); }));
    EXPECT_EQ(bob->recorder.seen(kAlice).bodies[0], "from alice");
    EXPECT_EQ(alice->recorder.seen(kBob).bodies[0], "from bob");
    const PeerState state = alice->State(kBob);
    EXPECT_TRUE(state.linked);
    EXPECT_EQ(state.state, "linked");
    EXPECT_EQ(state.version, "0.1.0-test");
    EXPECT_GT(state.bytes_received, 0u);
    EXPECT_GT(state.last_seen_unix_ms, 0);
  }
}

TEST_F(Links, FramesArriveInTheOrderTheyWereSent) {
  auto alice = Start(kAlice), bob = Start(kBob);
  alice->links->SetAddresses(kBob, {bob->address()});
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  constexpr int kFrames = 10'000;
  for (int i = 0; i < kFrames; ++i) {
    alice->links->Send(kBob, EnvelopeFrame(absl::StrCat(i)));
    if (i % 100 == 0) alice->links->Send(kBob, WantFrame(absl::StrCat(i)));
  }
  ASSERT_TRUE(bob->recorder.WaitFor(kAlice, [](const Recorder::Seen& seen) {
    return seen.bodies.size() == kFrames && seen.rounds.size() == kFrames / 100;
  }));
  const Recorder::Seen seen = bob->recorder.seen(kAlice);
  for (int i = 0; i < kFrames; ++i) ASSERT_EQ(seen.bodies[i], absl::StrCat(i));
  for (int i = 0; i < kFrames / 100; ++i) ASSERT_EQ(seen.rounds[i], absl::StrCat(i * 100));
  EXPECT_EQ(alice->State(kBob).frames_sent, kFrames + kFrames / 100u);
  EXPECT_EQ(alice->State(kBob).frames_dropped, 0u);
}

TEST_F(Links, BothDiallingLeavesExactlyOneLiveStream) {
  for (int run = 0; run < 10; ++run) {
    SCOPED_TRACE(run);
    const auto at_once = [](LinkOptions& options) {
      options.times.higher_index_waits = std::chrono::milliseconds(0);
    };
    auto alice = Start(kAlice, 1, at_once), bob = Start(kBob, 1, at_once);
    const std::string address = bob->address();
    std::thread other([&] { bob->links->SetAddresses(kAlice, {alice->address()}); });
    alice->links->SetAddresses(kBob, {address});
    other.join();
    ASSERT_TRUE(alice->recorder.WaitUp(kBob)) << alice->log.Text();
    ASSERT_TRUE(bob->recorder.WaitUp(kAlice)) << bob->log.Text();
    // The pair has settled when what one says last is answered; nothing may come twice.
    for (int i = 0; i < 20; ++i) {
      alice->links->Send(kBob, WantFrame(absl::StrCat(i)));
      ASSERT_TRUE(bob->recorder.WaitFor(kAlice, [i](const Recorder::Seen& seen) {
        return seen.frames == i + 1;
      })) << alice->log.Text();
      bob->links->Send(kAlice, WantFrame(absl::StrCat(i)));
      ASSERT_TRUE(alice->recorder.WaitFor(kBob, [i](const Recorder::Seen& seen) {
        return seen.frames == i + 1;
      })) << bob->log.Text();
    }
    EXPECT_EQ(alice->State(kBob).frames_received, 20u);
    EXPECT_EQ(bob->State(kAlice).frames_received, 20u);
    EXPECT_EQ(alice->recorder.seen(kBob).ups, 1);
    EXPECT_EQ(bob->recorder.seen(kAlice).ups, 1);
    EXPECT_FALSE(alice->recorder.seen(kBob).broken);
    EXPECT_FALSE(bob->recorder.seen(kAlice).broken);
  }
}

TEST_F(Links, APeerThatRestartsIsLinkedAgain) {
  for (const NodeIndex restarting : {kAlice, kBob}) {
    SCOPED_TRACE(restarting.value);
    const NodeIndex staying = restarting == kAlice ? kBob : kAlice;
    auto stays = Start(staying);
    auto first = Start(restarting, 1);
    first->links->SetAddresses(staying, {stays->address()});
    ASSERT_TRUE(stays->recorder.WaitUp(restarting));
    first.reset();
    ASSERT_TRUE(stays->recorder.WaitDown(restarting));
    auto second = Start(restarting, 2);
    second->links->SetAddresses(staying, {stays->address()});
    ASSERT_TRUE(stays->recorder.WaitFor(
        restarting, [](const Recorder::Seen& seen) { return seen.up && seen.ups == 2; }));
    ASSERT_TRUE(second->recorder.WaitUp(staying));
    EXPECT_EQ(stays->recorder.seen(restarting).downs, 1);
    EXPECT_FALSE(stays->recorder.seen(restarting).broken);
  }
}

TEST_F(Links, AStreamOfALaterStartReplacesTheOlderAndNotTheOtherWayRound) {
  auto bob = Start(kBob);
  auto old_alice = Start(kAlice, 1);
  old_alice->links->SetAddresses(kBob, {bob->address()});
  ASSERT_TRUE(bob->recorder.WaitUp(kAlice));
  auto new_alice = Start(kAlice, 2);  // the older process has not ended, or its end was not seen
  new_alice->links->SetAddresses(kBob, {bob->address()});
  ASSERT_TRUE(bob->recorder.WaitFor(
      kAlice, [](const Recorder::Seen& seen) { return seen.up && seen.ups == 2; }));
  ASSERT_TRUE(old_alice->recorder.WaitDown(kBob));
  new_alice->links->Send(kBob, EnvelopeFrame("new"));
  ASSERT_TRUE(bob->recorder.WaitFor(
      kAlice, [](const Recorder::Seen& seen) { return !seen.bodies.empty(); }));
  // The older one dials again and learns why in vain; the link stays with the newer one.
  ASSERT_TRUE(old_alice->log.WaitFor("is it running twice")) << old_alice->log.Text();
  EXPECT_EQ(bob->recorder.seen(kAlice).ups, 2);
}

TEST_F(Links, OfSeveralAddressesOneThatAnswersIsFound) {
  auto alice = Start(kAlice), bob = Start(kBob);
  alice->links->SetAddresses(kBob, {"127.0.0.1:1", "no-such-host.invalid:4", bob->address()});
  EXPECT_TRUE(alice->recorder.WaitUp(kBob)) << alice->log.Text();
  EXPECT_EQ(alice->State(kBob).address, bob->address());
}

TEST_F(Links, HostNamesAndIpv6AddressesWork) {
  auto bob = Start(kBob, 1, {}, "[::]:0");
  for (const char* host : {"localhost", "[::1]"}) {
    auto alice = Start(kAlice);
    alice->links->SetAddresses(kBob, {absl::StrCat(host, ":", bob->server->port())});
    EXPECT_TRUE(alice->recorder.WaitUp(kBob)) << alice->log.Text();
  }
}

TEST_F(Links, AFullQueueDropsNewFramesAndCountsThem) {
  auto alice = Start(kAlice, 1, [](LinkOptions& options) { options.queue_bytes = 256 * 1024; });
  auto bob = Start(kBob);
  alice->links->SetAddresses(kBob, {bob->address()});
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  bob->recorder.Hold(true);
  const std::string body(100 * 1024, 'x');
  int sent = 0;
  while (alice->State(kBob).frames_dropped == 0 && sent < 100'000) {
    alice->links->Send(kBob, WantFrame(absl::StrCat(sent++, body)));
  }
  const uint64_t dropped = alice->State(kBob).frames_dropped;
  ASSERT_GT(dropped, 0u);
  bob->recorder.Hold(false);
  const size_t kept = sent - dropped;
  ASSERT_TRUE(bob->recorder.WaitFor(
      kAlice, [kept](const Recorder::Seen& seen) { return seen.rounds.size() == kept; }));
  EXPECT_EQ(bob->recorder.seen(kAlice).rounds[kept - 1].substr(0, 8),
            absl::StrCat(kept - 1, body).substr(0, 8));
  EXPECT_EQ(alice->recorder.seen(kBob).downs, 0);
}

TEST_F(Links, ASlowReceiverIsNotTakenForADeadPeer) {
  const auto impatient = [](LinkOptions& options) {
    options.times.dead_after = std::chrono::seconds(10);
  };
  auto alice = Start(kAlice, 1, impatient), bob = Start(kBob, 1, impatient);
  alice->links->SetAddresses(kBob, {bob->address()});
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  bob->recorder.Hold(true);
  alice->links->Send(kBob, WantFrame("1"));
  ASSERT_TRUE(
      bob->recorder.WaitFor(kAlice, [](const Recorder::Seen& seen) { return seen.frames == 1; }));
  // Bob still says pings while his receiver is busy: alice hears him for longer than she waits.
  const int64_t since = alice->State(kBob).last_seen_unix_ms;
  ASSERT_TRUE(WaitState(*alice, kBob, [since](const PeerState& state) {
    return !state.linked || state.last_seen_unix_ms > since + 11'000;
  }));
  bob->recorder.Hold(false);
  alice->links->Send(kBob, WantFrame("2"));
  ASSERT_TRUE(
      bob->recorder.WaitFor(kAlice, [](const Recorder::Seen& seen) { return seen.frames == 2; }));
  EXPECT_EQ(bob->recorder.seen(kAlice).downs, 0);
  EXPECT_EQ(alice->recorder.seen(kBob).downs, 0);
}

TEST_F(Links, RoundTripTimeIsMeasured) {
  auto alice = Start(kAlice), bob = Start(kBob);
  alice->links->SetAddresses(kBob, {bob->address()});
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  EXPECT_TRUE(
      WaitState(*alice, kBob, [](const PeerState& state) { return state.round_trip_ms >= 0; }));
}

TEST_F(Links, FramesToAPeerThatIsNotLinkedAreCountedAsDropped) {
  auto alice = Start(kAlice);
  alice->links->Send(kBob, EnvelopeFrame("a"));
  alice->links->Send(kAlice, EnvelopeFrame("a"));         // itself
  alice->links->Send(NodeIndex{99}, EnvelopeFrame("a"));  // nobody
  EXPECT_EQ(alice->State(kBob).frames_dropped, 1u);
  EXPECT_EQ(alice->State(kBob).state, "waiting");
}

TEST_F(Links, APortInUseIsNamed) {
  auto alice = Start(kAlice);
  const auto server = testing::StartServer(identities_[1], alice->address(), alice->log);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(alice->address()));
}

TEST_F(Links, TheDestructorUnderTrafficEndsAndNothingComesAfter) {
  for (int run = 0; run < 5; ++run) {
    auto alice = Start(kAlice), bob = Start(kBob);
    alice->links->SetAddresses(kBob, {bob->address()});
    bob->links->SetAddresses(kAlice, {alice->address()});
    ASSERT_TRUE(alice->recorder.WaitUp(kBob));
    ASSERT_TRUE(bob->recorder.WaitUp(kAlice));
    std::atomic<bool> stop{false};
    std::thread sender([&] {
      const FramePtr frame = WantFrame(std::string(10'000, 'x'));
      while (!stop) bob->links->Send(kAlice, frame);
    });
    ASSERT_TRUE(alice->recorder.WaitFor(
        kBob, [](const Recorder::Seen& seen) { return seen.frames > 100; }));
    alice->links.reset();
    const Recorder::Seen seen = alice->recorder.seen(kBob);
    EXPECT_EQ(seen.ups, seen.downs);
    EXPECT_FALSE(seen.broken);
    stop = true;
    sender.join();
    bob->links.reset();
    EXPECT_EQ(alice->recorder.seen(kBob).frames, seen.frames);
  }
}

TEST(LinksOfSeven, EveryPairIsLinkedWhenAllDialAll) {
  const std::vector<Identity> identities = NewIdentities(7);
  const Roster roster = MakeRoster(identities);
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < 7; ++i) nodes.push_back(StartNode(roster, identities[i], i));
  for (auto& node : nodes) {
    for (auto& peer : nodes) {
      if (node != peer) node->links->SetAddresses(peer->self, {peer->address()});
    }
  }
  for (auto& node : nodes) {
    for (auto& peer : nodes) {
      if (node == peer) continue;
      ASSERT_TRUE(node->recorder.WaitUp(peer->self)) << node->log.Text() << "---\n"
                                                     << peer->log.Text();
    }
  }
  const FramePtr frame = EnvelopeFrame("to all");
  for (auto& node : nodes) {
    for (auto& peer : nodes) {
      if (node != peer) node->links->Send(peer->self, frame);
    }
  }
  for (auto& node : nodes) {
    for (auto& peer : nodes) {
      if (node == peer) continue;
      EXPECT_TRUE(node->recorder.WaitFor(
          peer->self, [](const Recorder::Seen& seen) { return seen.bodies.size() == 1; }));
    }
  }
}

}  // namespace
}  // namespace decentd
