#include "tools/drill/hostile_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "node/codec/verifier.h"
#include "tests/codec/test_cluster.h"

namespace decentd::drill {
namespace {

using decentd::testing::TestCluster;

constexpr NodeIndex kLiar{3};

class SentFrames final : public Links {
 public:
  void Send(NodeIndex peer, FramePtr frame) override { sent[peer].push_back(std::move(frame)); }
  void Broadcast(FramePtr) override { FAIL() << "the liar says it to each on its own"; }
  std::vector<PeerState> States() const override { return {}; }
  void CountFault(NodeIndex) override {}

  // The only envelope that a peer got.
  Envelope To(int peer) const {
    const auto& frames = sent.at(NodeIndex{static_cast<uint16_t>(peer)});
    EXPECT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0]->envelopes().envelopes_size(), 1);
    return *FromProto(frames[0]->envelopes().envelopes(0));
  }

  std::map<NodeIndex, std::vector<FramePtr>> sent;
};

class HostileLinksTest : public ::testing::Test {
 protected:
  std::unique_ptr<Links> Make(LinkAttack attack) {
    return MakeHostileLinks(attack, real_, cluster_.signer(kLiar.value), cluster_.roster(), kLiar);
  }
  template <class T>
  FramePtr FrameOf(int author, const T& value) const {
    auto frame = std::make_shared<peer::v1::Frame>();
    ToProto(cluster_.Sign(author, value), frame->mutable_envelopes()->add_envelopes());
    return frame;
  }
  bool IsGood(const Envelope& envelope) const {
    return std::holds_alternative<AnyVerified>(verifier_.Verify(envelope));
  }

  const Propose answer_{RoundId{Sha256("round")}, Phase::kAnswer, Answer{"Yes.", "m", "stop", {}}};
  const TestCluster cluster_{4};
  const Verifier verifier_{cluster_.roster(), Ed25519Scheme()};
  SentFrames real_;
};

TEST_F(HostileLinksTest, AForkShowsTwoGoodProposalsOfOneSlot) {
  Make(LinkAttack::kFork)->Broadcast(FrameOf(kLiar.value, answer_));
  EXPECT_EQ(real_.To(0).body, real_.To(2).body);
  EXPECT_NE(real_.To(0).body, real_.To(1).body);
  EXPECT_TRUE(IsGood(real_.To(0)));
  EXPECT_TRUE(IsGood(real_.To(1)));
}

TEST_F(HostileLinksTest, AForkPassesOthersWordsOn) {
  Make(LinkAttack::kFork)->Broadcast(FrameOf(0, answer_));
  EXPECT_EQ(real_.To(1).body, EncodeBody(answer_));
}

TEST_F(HostileLinksTest, SilenceIsComplete) {
  const auto links = Make(LinkAttack::kSilent);
  links->Broadcast(FrameOf(kLiar.value, Heartbeat{1, 1}));
  links->Send(NodeIndex{0}, FrameOf(kLiar.value, answer_));
  EXPECT_TRUE(real_.sent.empty());
}

TEST_F(HostileLinksTest, NoGarbageIsGoodAndHeartbeatsAre) {
  const auto links = Make(LinkAttack::kGarbage);
  for (int i = 0; i < 8; ++i) {
    real_.sent.clear();
    links->Send(NodeIndex{1}, FrameOf(kLiar.value, answer_));
    EXPECT_FALSE(IsGood(real_.To(1))) << i;
  }
  real_.sent.clear();
  links->Send(NodeIndex{1}, FrameOf(kLiar.value, Heartbeat{1, 1}));
  EXPECT_TRUE(IsGood(real_.To(1)));
}

}  // namespace
}  // namespace decentd::drill
