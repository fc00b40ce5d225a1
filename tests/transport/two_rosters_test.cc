// A node that serves two rosters at one address while its cluster changes.
#include <gtest/gtest.h>

#include "tests/transport/nodes.h"

namespace decentd {
namespace {

using testing::Identity;
using testing::kAlice;
using testing::kBob;
using testing::kCarol;
using testing::LogBook;
using testing::MakeRoster;
using testing::MakeTls;
using testing::NewIdentities;
using testing::Recorder;

// One roster's part of a node.
struct Seat {
  Recorder recorder;
  std::unique_ptr<GrpcLinks> links;
};

class TwoRosters : public ::testing::Test {
 protected:
  std::unique_ptr<PeerServer> Serve(int node) {
    auto server = testing::StartServer(identities_[node], "127.0.0.1:0", log_);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }
  std::unique_ptr<Seat> Sit(PeerServer& server, const Roster& roster, int node) {
    auto seat = std::make_unique<Seat>();
    LinkOptions options;
    options.self = *roster.FindKey(identities_[node]->public_key());
    options.roster = &roster;
    options.server = &server;
    options.tls = MakeTls(identities_[node]);
    options.boot = 1;
    options.times = testing::ShortTimes();
    options.log = log_.log();
    options.receiver = &seat->recorder;
    auto links = GrpcLinks::Start(options);
    EXPECT_TRUE(links.ok()) << links.status();
    seat->links = *std::move(links);
    return seat;
  }
  static std::string AddressOf(const PeerServer& server) {
    return absl::StrCat("127.0.0.1:", server.port());
  }

  const std::vector<Identity> identities_ = NewIdentities(3);
  // Bob is node 1 of the present roster and node 0 of the next, which has a third node.
  const Roster present_ = MakeRoster({identities_[0], identities_[1]}, 1);
  const Roster next_ = MakeRoster({identities_[1], identities_[0], identities_[2]}, 2);
  LogBook log_;
};

TEST_F(TwoRosters, EachHasItsOwnLinksAndTheEndOfOneLeavesTheOther) {
  auto alice = Serve(0), bob = Serve(1);
  auto alice_present = Sit(*alice, present_, 0), bob_present = Sit(*bob, present_, 1);
  auto alice_next = Sit(*alice, next_, 0), bob_next = Sit(*bob, next_, 1);
  bob_present->links->SetAddresses(kAlice, {AddressOf(*alice)});
  bob_next->links->SetAddresses(kBob, {AddressOf(*alice)});  // alice, by her index there
  ASSERT_TRUE(alice_present->recorder.WaitUp(kBob)) << log_.Text();
  ASSERT_TRUE(alice_next->recorder.WaitUp(kAlice)) << log_.Text();
  ASSERT_TRUE(bob_present->recorder.WaitUp(kAlice));
  ASSERT_TRUE(bob_next->recorder.WaitUp(kBob));

  bob_present->links->Send(kAlice, testing::WantFrame("present"));
  bob_next->links->Send(kBob, testing::WantFrame("next"));
  const auto got = [](const std::string& round) {
    return [round](const Recorder::Seen& seen) {
      return seen.rounds == std::vector<std::string>{round};
    };
  };
  EXPECT_TRUE(alice_present->recorder.WaitFor(kBob, got("present")));
  EXPECT_TRUE(alice_next->recorder.WaitFor(kAlice, got("next")));

  // Streams that alice accepted end although her server goes on.
  alice_present.reset();
  EXPECT_TRUE(bob_present->recorder.WaitDown(kAlice));
  bob_next->links->Send(kBob, testing::WantFrame("after"));
  EXPECT_TRUE(alice_next->recorder.WaitFor(
      kAlice, [](const Recorder::Seen& seen) { return seen.rounds.size() == 2; }));
  EXPECT_EQ(alice_next->recorder.seen(kAlice).downs, 0);
}

TEST_F(TwoRosters, ANodeThatHasNotAdoptedTheNextIsLinkedAsSoonAsItHas) {
  auto alice = Serve(0), carol = Serve(2);
  auto alice_present = Sit(*alice, present_, 0), carol_next = Sit(*carol, next_, 2);
  // Carol's key is in no roster that alice has: she is a stranger, and no word more is said.
  carol_next->links->SetAddresses(kBob, {AddressOf(*alice)});
  ASSERT_TRUE(log_.WaitFor("refused a peer at")) << log_.Text();
  EXPECT_EQ(alice_present->recorder.seen(kBob).ups, 0);
  auto alice_next = Sit(*alice, next_, 0);
  EXPECT_TRUE(alice_next->recorder.WaitUp(kCarol)) << log_.Text();
  EXPECT_TRUE(carol_next->recorder.WaitUp(kBob));
  EXPECT_EQ(alice_present->recorder.seen(kBob).ups, 0);
}

}  // namespace
}  // namespace decentd
