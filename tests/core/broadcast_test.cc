// Claims of docs/SPEC.md, section 4.
#include "node/core/broadcast.h"

#include <gtest/gtest.h>

#include "tests/core/signed.h"

namespace decentd::testing {
namespace {

class BroadcastTest : public ::testing::Test {
 protected:
  const SignedCluster signed_{4};
  const RoundId round_ = TestRound("broadcast");
  const Slot slot_{Phase::kAnswer, NodeIndex{3}};
  Broadcast broadcast_{signed_.roster(), slot_};
  Effects out_;

  Verified<Votes> Echo(int node, const Digest& digest, uint64_t seq = 0) const {
    return signed_.Voted(node, round_, seq, {vote::Echo{slot_, digest}});
  }
};

TEST_F(BroadcastTest, AQuorumOfEchoesIsACertificateAndOneLessIsNone) {
  const auto answer = signed_.Answered(3, round_);
  EXPECT_TRUE(broadcast_.OnPropose(answer, out_));
  const Digest& digest = answer.body_digest();
  EXPECT_FALSE(broadcast_.OnEcho(digest, Echo(0, digest), out_));
  EXPECT_FALSE(broadcast_.OnEcho(digest, Echo(1, digest), out_));
  EXPECT_FALSE(broadcast_.OnEcho(digest, Echo(1, digest), out_)) << "one author counts once";
  EXPECT_FALSE(broadcast_.certified());
  EXPECT_EQ(broadcast_.payload(), nullptr);
  EXPECT_TRUE(broadcast_.OnEcho(digest, Echo(2, digest), out_));
  EXPECT_EQ(broadcast_.certified(), digest);
  EXPECT_EQ(broadcast_.certificate().size(), 3u);
  EXPECT_EQ(broadcast_.payload()->body_digest(), digest);
}

TEST_F(BroadcastTest, EchoesOfDifferentDigestsDoNotAddUp) {
  const Digest a = Sha256("a"), b = Sha256("b");
  broadcast_.OnEcho(a, Echo(0, a), out_);
  broadcast_.OnEcho(a, Echo(1, a), out_);
  broadcast_.OnEcho(b, Echo(2, b), out_);
  broadcast_.OnEcho(b, Echo(3, b), out_);
  EXPECT_FALSE(broadcast_.certified());
}

TEST_F(BroadcastTest, TwoEchoesOfOneAuthorAreEvidenceOnceAndTheSecondDoesNotCount) {
  const Digest a = Sha256("a"), b = Sha256("b");
  broadcast_.OnEcho(a, Echo(0, a), out_);
  broadcast_.OnEcho(b, Echo(0, b, 1), out_);
  broadcast_.OnEcho(b, Echo(0, b, 2), out_);
  ASSERT_EQ(out_.evidence.size(), 1u);
  EXPECT_EQ(out_.evidence[0].type, Evidence::Type::kEchoes);
  EXPECT_EQ(out_.evidence[0].author, NodeIndex{0});
  broadcast_.OnEcho(b, Echo(1, b), out_);
  EXPECT_FALSE(broadcast_.OnEcho(b, Echo(2, b), out_));
}

TEST_F(BroadcastTest, TwoProposalsAreEvidenceAndTheFirstIsKept) {
  const auto first = signed_.Answered(3, round_, "one");
  const auto second = signed_.Answered(3, round_, "two");
  EXPECT_TRUE(broadcast_.OnPropose(first, out_));
  EXPECT_FALSE(broadcast_.OnPropose(first, out_));
  EXPECT_TRUE(out_.evidence.empty());
  EXPECT_FALSE(broadcast_.OnPropose(second, out_));
  ASSERT_EQ(out_.evidence.size(), 1u);
  EXPECT_EQ(out_.evidence[0].type, Evidence::Type::kProposals);
  EXPECT_EQ(broadcast_.first()->body_digest(), first.body_digest());
}

TEST_F(BroadcastTest, ThePayloadIsTheCertifiedOneWhicheverCameFirst) {
  const auto first = signed_.Answered(3, round_, "one");
  const auto second = signed_.Answered(3, round_, "two");
  broadcast_.OnPropose(first, out_);
  EXPECT_TRUE(broadcast_.OnCertificate(signed_.Certify(round_, slot_, second.body_digest(), 0)));
  EXPECT_EQ(broadcast_.payload(), nullptr);
  EXPECT_TRUE(broadcast_.OnPropose(second, out_));
  EXPECT_EQ(broadcast_.payload()->body_digest(), second.body_digest());
  EXPECT_FALSE(broadcast_.OnPropose(second, out_)) << "it is here already";
}

TEST_F(BroadcastTest, ACertificateComesOnce) {
  const Digest digest = Sha256("a");
  EXPECT_TRUE(broadcast_.OnCertificate(signed_.Certify(round_, slot_, digest, 0)));
  EXPECT_FALSE(broadcast_.OnCertificate(signed_.Certify(round_, slot_, digest, 1)));
  EXPECT_FALSE(broadcast_.OnEcho(digest, Echo(3, digest), out_));
}

}  // namespace
}  // namespace decentd::testing
