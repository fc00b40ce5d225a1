// What of a peer's frames is taken, put together and verified: records only on request
// (docs/SPEC.md, section 10).
#include "node/runtime/frame_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>

#include "node/runtime/exchange.h"
#include "tests/proof/bundle_maker.h"

namespace decentd::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class CountingScheme final : public SignatureScheme {
 public:
  bool Verify(const PublicKey& key, std::string_view kind, const Digest& cluster_id,
              std::string_view body, std::string_view signature) const override {
    ++count;
    return Ed25519Scheme().Verify(key, kind, cluster_id, body, signature);
  }
  mutable std::atomic<int> count = 0;
};

class FrameReaderTest : public ::testing::Test {
 protected:
  static constexpr NodeIndex kPeer{1}, kOther{2};
  const TestCluster cluster_{4};
  const CountingScheme scheme_;
  const Verifier verifier_{cluster_.roster(), scheme_};
  FrameReader reader_{verifier_};
  // Of two parts.
  const BundleMaker maker_{cluster_, LongOnes()};
  const RoundId round_ = maker_.round();
  const std::string record_ = EncodeBundle(maker_.Make());

  static BundleOptions LongOnes() {
    BundleOptions options;
    options.answer_bytes = 250 * 1024;
    options.question.assign(300 * 1024, '?');
    return options;
  }
  peer::v1::Frame Part(uint64_t from) const { return PartOf(round_, record_, from); }
  static peer::v1::Frame PartOf(const RoundId& round, const std::string& record, uint64_t from) {
    return *exchange::RecordPart(exchange::WantRecord(round, from)->want(), record);
  }
  std::vector<Input> Read(peer::v1::Frame frame, NodeIndex peer = kPeer) {
    return reader_.Read(peer, std::move(frame)).inputs;
  }
  static bool IsFault(const std::vector<Input>& inputs) {
    if (inputs.size() != 1) return false;
    const auto* fault = std::get_if<input::Fault>(&inputs[0]);
    return fault != nullptr && fault->kind == FaultKind::kInvalidRecord;
  }
  template <class T>
  static bool Is(const std::vector<Input>& inputs) {
    return inputs.size() == 1 && std::holds_alternative<T>(inputs[0]);
  }
};

TEST_F(FrameReaderTest, ARecordComesPartForPartAsItIsAskedFor) {
  ASSERT_GT(record_.size(), limits::kRecordPartBytes);
  ASSERT_LT(record_.size(), 2 * limits::kRecordPartBytes);
  EXPECT_EQ(reader_.ExpectRecord(kPeer, round_), 0u);
  EXPECT_TRUE(Is<input::RecordPart>(Read(Part(0))));
  EXPECT_EQ(scheme_.count, 0);
  const uint64_t rest = reader_.ExpectRecord(kPeer, round_);
  EXPECT_EQ(rest, limits::kRecordPartBytes);
  const auto inputs = Read(Part(rest));
  ASSERT_TRUE(Is<input::Record>(inputs));
  EXPECT_EQ(std::get<input::Record>(inputs[0]).bundle->round, round_);
}

TEST_F(FrameReaderTest, WhatNobodyAskedForIsNeitherKeptNorVerified) {
  EXPECT_THAT(Read(Part(0)), IsEmpty()) << "and no fault: it may have been asked for before";
  EXPECT_THAT(Read(Part(limits::kRecordPartBytes)), IsEmpty());
  EXPECT_EQ(scheme_.count, 0);
  reader_.ExpectRecord(kOther, round_);
  EXPECT_THAT(Read(Part(0)), IsEmpty()) << "asked of another";
  EXPECT_EQ(reader_.ExpectRecord(kPeer, round_), 0u) << "nothing was kept";
}

TEST_F(FrameReaderTest, AnAskedRecordIsTakenOnceHoweverOftenItComes) {
  reader_.ExpectRecord(kPeer, round_);
  EXPECT_THAT(Read(Part(0)), SizeIs(1));
  EXPECT_THAT(Read(Part(0)), IsEmpty());
  EXPECT_THAT(Read(Part(limits::kRecordPartBytes)), IsEmpty()) << "this part was not asked for yet";
  reader_.ExpectRecord(kPeer, round_);
  EXPECT_THAT(Read(Part(0)), IsEmpty()) << "an old part again";
  EXPECT_TRUE(Is<input::Record>(Read(Part(limits::kRecordPartBytes))));
  const int verified = scheme_.count;
  EXPECT_THAT(Read(Part(0)), IsEmpty());
  EXPECT_THAT(Read(Part(limits::kRecordPartBytes)), IsEmpty());
  EXPECT_EQ(scheme_.count, verified);
}

// A record of millions of small parts would cost a frame and a batch each.
TEST_F(FrameReaderTest, APeerThatTricklesIsAtFaultAndNotExpectedFrom) {
  reader_.ExpectRecord(kPeer, round_);
  peer::v1::Frame frame = Part(0);
  frame.mutable_record()->set_part(record_.substr(0, limits::kRecordPartBytes - 1));
  EXPECT_TRUE(IsFault(Read(frame)));
  EXPECT_THAT(Read(Part(0)), IsEmpty());
}

TEST_F(FrameReaderTest, ALengthThatNoRecordHasIsAFault) {
  for (uint64_t total : {uint64_t{0}, uint64_t{limits::MaxBundleBytes(4) + 1}, ~uint64_t{0}}) {
    reader_.ExpectRecord(kPeer, round_);
    peer::v1::Frame frame = Part(0);
    frame.mutable_record()->set_total(total);
    EXPECT_TRUE(IsFault(Read(frame))) << total;
  }
  reader_.ExpectRecord(kPeer, round_);
  Read(Part(0));
  reader_.ExpectRecord(kPeer, round_);
  peer::v1::Frame other = Part(limits::kRecordPartBytes);
  other.mutable_record()->set_total(record_.size() + 1);
  EXPECT_TRUE(IsFault(Read(other))) << "it changes on the way";
}

TEST_F(FrameReaderTest, PartsOfAnotherRecordAreNotMixedIn) {
  const RoundId other = TestRound("other");
  reader_.ExpectRecord(kPeer, round_);
  EXPECT_THAT(Read(PartOf(other, record_, 0)), IsEmpty());
  EXPECT_TRUE(Is<input::RecordPart>(Read(Part(0))));
  EXPECT_EQ(reader_.ExpectRecord(kPeer, other), 0u) << "in place of what was expected";
  EXPECT_THAT(Read(Part(limits::kRecordPartBytes)), IsEmpty());
}

TEST_F(FrameReaderTest, ARecordUnderTheNameOfAnotherRoundIsAFault) {
  const RoundId other = TestRound("other");
  reader_.ExpectRecord(kPeer, other);
  Read(PartOf(other, record_, 0));
  reader_.ExpectRecord(kPeer, other);
  EXPECT_TRUE(IsFault(Read(PartOf(other, record_, limits::kRecordPartBytes))));
}

TEST_F(FrameReaderTest, WhatIsWantedNoMoreIsDropped) {
  for (NodeIndex peer : {kPeer, kOther}) {
    reader_.ExpectRecord(peer, round_);
    Read(Part(0), peer);
    reader_.ExpectRecord(peer, round_);
  }
  reader_.DropRecord(round_);
  for (NodeIndex peer : {kPeer, kOther}) {
    EXPECT_THAT(Read(Part(limits::kRecordPartBytes), peer), IsEmpty());
  }
  EXPECT_EQ(scheme_.count, 0);
  reader_.ExpectRecord(kPeer, round_);
  Read(Part(0));
  reader_.Forget(kPeer);
  EXPECT_EQ(reader_.ExpectRecord(kPeer, round_), 0u) << "with the link";
}

TEST_F(FrameReaderTest, APartOfNoRoundIsAFault) {
  peer::v1::Frame frame = Part(0);
  frame.mutable_record()->set_round_id("short");
  const auto inputs = Read(frame);
  ASSERT_TRUE(Is<input::Fault>(inputs));
  EXPECT_EQ(std::get<input::Fault>(inputs[0]).kind, FaultKind::kUndecodable);
}

}  // namespace
}  // namespace decentd::testing
