// The bundle's bytes: one encoding for one bundle, and nothing else decodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "node/proof/bundle.h"
#include "tests/proof/bundle_maker.h"

namespace decentd {
namespace {

using testing::BundleMaker;
using ::testing::HasSubstr;
using testing::TestCluster;

class BundleTest : public ::testing::Test {
 protected:
  TestCluster cluster_{4};
  BundleMaker maker_{cluster_};
  const Bundle bundle_ = maker_.Make();
  const std::string bytes_ = EncodeBundle(bundle_);

  static std::string Resealed(std::string bytes) {
    bytes.resize(bytes.size() - Digest::kSize);
    bytes.append(Sha256(bytes).View());
    return bytes;
  }
  static std::string Refusal(const std::string& bytes) {
    return std::string(DecodeBundle(bytes).status().message());
  }
};

TEST_F(BundleTest, ComesBackTheSame) {
  const auto back = DecodeBundle(bytes_);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->roster, cluster_.roster().CanonicalBytes());
  EXPECT_EQ(back->query->body, bundle_.query->body);
  EXPECT_EQ(back->query->author, kClientAuthor);
  ASSERT_EQ(back->slots.size(), 8u);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(back->slots[i].slot, bundle_.slots[i].slot);
    EXPECT_EQ(back->slots[i].proposal->body, bundle_.slots[i].proposal->body);
    ASSERT_EQ(back->slots[i].certificate.size(), 3u);
  }
  ASSERT_EQ(back->decisions.size(), 3u);
  EXPECT_EQ(back->decisions[2]->signature, bundle_.decisions[2]->signature);
  EXPECT_EQ(EncodeBundle(*back), bytes_);
}

TEST_F(BundleTest, SharedVotesAreStoredOnce) {
  // By signature: two nodes that echo the same slots sign the same body.
  const std::string& votes = bundle_.slots[0].certificate[0]->signature;
  ASSERT_EQ(bundle_.slots[1].certificate[0]->signature, votes);
  const size_t first = bytes_.find(votes);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(bytes_.find(votes, first + 1), std::string::npos);
  const auto back = DecodeBundle(bytes_);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->slots[0].certificate[0], back->slots[1].certificate[0]) << "one object";
}

TEST_F(BundleTest, OrderOfVotesAndDecisionsDoesNotMatter) {
  Bundle other = bundle_;
  std::reverse(other.decisions.begin(), other.decisions.end());
  for (BundleSlot& slot : other.slots) {
    std::reverse(slot.certificate.begin(), slot.certificate.end());
  }
  EXPECT_EQ(EncodeBundle(other), bytes_);
}

TEST_F(BundleTest, DamageSaysWhereItIs) {
  EXPECT_THAT(Refusal(""), HasSubstr("at byte 0: expected the mark"));
  EXPECT_THAT(Refusal(bytes_.substr(0, 20)), HasSubstr("cut off"));
  std::string bytes = bytes_;
  bytes[100] ^= 1;
  EXPECT_THAT(Refusal(bytes), HasSubstr("SHA-256"));
  EXPECT_THAT(Refusal(bytes_ + "x"), HasSubstr("SHA-256"));
}

TEST_F(BundleTest, ResealedDamageSaysWhereItIs) {
  std::string bytes = bytes_;
  bytes[16] = '\x7F';  // the roster's length
  EXPECT_THAT(Refusal(Resealed(bytes)), HasSubstr("at byte 20: expected 21"));
  bytes = bytes_.substr(0, bytes_.size() - 1);
  EXPECT_THAT(Refusal(Resealed(bytes)), HasSubstr("expected"));
  bytes = bytes_;
  bytes.insert(bytes.size() - Digest::kSize, "more");
  EXPECT_THAT(Refusal(Resealed(bytes)), HasSubstr("expected the end, found 4 more bytes"));
  bytes = bytes_;
  bytes[bytes.size() - Digest::kSize - 1] = '\x7F';  // the last decision's index
  EXPECT_THAT(Refusal(Resealed(bytes)), HasSubstr("expected a decision's index below"));
}

TEST_F(BundleTest, UnknownVersionIsRefused) {
  std::string bytes = bytes_;
  bytes[15] = 2;
  EXPECT_THAT(Refusal(Resealed(bytes)), HasSubstr("version 1"));
}

TEST_F(BundleTest, SlotsOutOfOrderAreRefused) {
  Bundle other = bundle_;
  std::swap(other.slots[0], other.slots[1]);
  EXPECT_THAT(Refusal(EncodeBundle(other)), HasSubstr("ascending"));
  other = bundle_;
  other.slots.insert(other.slots.begin(), other.slots[0]);
  EXPECT_THAT(Refusal(EncodeBundle(other)), HasSubstr("ascending"));
}

TEST_F(BundleTest, CountsBeyondTheLimitsAreRefusedBeforeTheyCostMemory) {
  Bundle other = bundle_;
  other.decisions.assign(limits::kMaxNodes + 1, other.decisions[0]);
  EXPECT_THAT(Refusal(EncodeBundle(other)), HasSubstr("expected at most 128 decisions, found 129"));
  std::string bytes = bytes_;
  const size_t count = 16 + 4 + bundle_.roster.size();
  for (size_t i = 0; i < 4; ++i) bytes[count + i] = '\xFF';  // four thousand million envelopes
  EXPECT_FALSE(DecodeBundle(Resealed(bytes)).ok());
}

// Of n nodes, with all that the limits let liars put in: what it is bound by, and no more.
Bundle LargestBundle(int n, size_t votes_bytes) {
  Bundle bundle;
  bundle.roster.assign(limits::MaxRosterBytes(n), 'r');
  uint32_t number = 0;
  const auto envelope = [&](Kind kind, size_t bytes) {
    auto e = std::make_shared<Envelope>(Envelope{kind, 0, {}, std::string(64, 's')});
    e->body.assign(bytes, static_cast<char>(number));
    for (uint32_t i = 0; i < 4; ++i) e->body[i] = static_cast<char>(number >> (8 * i));
    ++number;
    return e;
  };
  bundle.query = envelope(Kind::kQuery, limits::kMaxQueryBytes);
  for (Phase phase : {Phase::kAnswer, Phase::kSheet}) {
    for (int i = 0; i < n; ++i) {
      BundleSlot slot{{phase, NodeIndex{static_cast<uint16_t>(i)}},
                      envelope(Kind::kPropose, limits::kMaxPayloadBytes),
                      {}};
      for (int j = 0; j < limits::Quorum(n); ++j) {
        slot.certificate.push_back(envelope(Kind::kVotes, votes_bytes));
      }
      bundle.slots.push_back(std::move(slot));
    }
  }
  for (int i = 0; i < n; ++i) {
    bundle.decisions.push_back(envelope(Kind::kDecision, limits::kMaxDecisionBytes));
  }
  return bundle;
}

TEST(BundleOfMost, IsNoLongerThanTheBoundOfItsRosterWhateverIsSigned) {
  for (int n : {1, 4, 13}) {
    const std::string bytes = EncodeBundle(LargestBundle(n, limits::kMaxVotesBytes));
    EXPECT_LE(bytes.size(), limits::MaxBundleBytes(n)) << n;
    EXPECT_GT(bytes.size(), limits::MaxBundleBytes(n) * 99 / 100) << n << ": a close bound";
    EXPECT_TRUE(DecodeBundle(bytes).ok());
  }
}

// The longest honest answers and sheets of the largest council are more than a few fixed MiB.
TEST(BundleOfMost, OfTheLargestCouncilDecodes) {
  const std::string bytes =
      EncodeBundle(LargestBundle(static_cast<int>(limits::kMaxNodes), /*votes_bytes=*/100));
  const auto bundle = DecodeBundle(bytes);
  EXPECT_TRUE(bundle.ok()) << bundle.status();
}

TEST_F(BundleTest, EnvelopeThatNothingNamesIsNotCanonical) {
  // Drop the last decision's index, not its envelope.
  std::string bytes = bytes_;
  const size_t end = bytes.size() - Digest::kSize;
  bytes.erase(end - 4, 4);
  ASSERT_EQ(bytes[end - 4 - 4 * 2 - 1], 3);
  bytes[end - 4 - 4 * 2 - 1] = 2;
  EXPECT_THAT(Refusal(Resealed(bytes)), HasSubstr("not in canonical form"));
}

}  // namespace
}  // namespace decentd
