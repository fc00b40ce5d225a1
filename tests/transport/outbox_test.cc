#include "node/transport/outbox.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <gtest/gtest.h>

#include <string>

namespace decentd {
namespace {

peer::v1::Frame EnvelopesFrame(const std::string& body) {
  peer::v1::Frame frame;
  frame.mutable_envelopes()->add_envelopes()->set_body(body);
  return frame;
}

peer::v1::Frame WantFrame() {
  peer::v1::Frame frame;
  frame.mutable_want()->set_round_id("round");
  return frame;
}

peer::v1::Frame Parsed(grpc::ByteBuffer buffer) {
  peer::v1::Frame frame;
  grpc::ProtoBufferReader reader(&buffer);
  EXPECT_TRUE(frame.ParseFromZeroCopyStream(&reader));
  return frame;
}

TEST(Outbox, NeighbouringEnvelopesLeaveAsOneFrameInOrder) {
  Outbox outbox(1 << 20);
  for (const char* body : {"a", "b", "c"}) {
    ASSERT_TRUE(outbox.Push(EncodeFrame(EnvelopesFrame(body))));
  }
  size_t frames = 0;
  const peer::v1::Frame merged = Parsed(outbox.Pop(frames));
  EXPECT_EQ(frames, 3u);
  ASSERT_EQ(merged.envelopes().envelopes_size(), 3);
  EXPECT_EQ(merged.envelopes().envelopes(0).body(), "a");
  EXPECT_EQ(merged.envelopes().envelopes(2).body(), "c");
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, OtherKindsAreNotMergedAndKeepTheirPlace) {
  Outbox outbox(1 << 20);
  outbox.Push(EncodeFrame(EnvelopesFrame("a")));
  outbox.Push(EncodeFrame(WantFrame()));
  outbox.Push(EncodeFrame(WantFrame()));
  outbox.Push(EncodeFrame(EnvelopesFrame("b")));
  size_t frames = 0;
  EXPECT_TRUE(Parsed(outbox.Pop(frames)).has_envelopes());
  EXPECT_TRUE(Parsed(outbox.Pop(frames)).has_want());
  EXPECT_TRUE(Parsed(outbox.Pop(frames)).has_want());
  EXPECT_EQ(Parsed(outbox.Pop(frames)).envelopes().envelopes(0).body(), "b");
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, MergedFramesStayBelowTheirBound) {
  Outbox outbox(16 << 20);
  const std::string body(100 * 1024, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(outbox.Push(EncodeFrame(EnvelopesFrame(body))));
  size_t frames = 0, total = 0;
  while (!outbox.empty()) {
    EXPECT_LE(outbox.Pop(frames).Length(), Outbox::kMergedBytes);
    total += frames;
  }
  EXPECT_EQ(total, 5u);
}

TEST(Outbox, ALargeFrameLeavesAlone) {
  Outbox outbox(16 << 20);
  ASSERT_TRUE(outbox.Push(EncodeFrame(EnvelopesFrame(std::string(1 << 20, 'x')))));
  ASSERT_TRUE(outbox.Push(EncodeFrame(EnvelopesFrame("a"))));
  size_t frames = 0;
  EXPECT_GT(outbox.Pop(frames).Length(), size_t{1} << 20);
  EXPECT_EQ(frames, 1u);
}

TEST(Outbox, ABoundRefusesTheNewFrameAndKeepsTheOld) {
  const EncodedFrame frame = EncodeFrame(EnvelopesFrame(std::string(1000, 'x')));
  Outbox outbox(2 * frame.bytes.size());
  EXPECT_TRUE(outbox.Push(frame));
  EXPECT_TRUE(outbox.Push(frame));
  EXPECT_FALSE(outbox.Push(frame));
  size_t frames = 0;
  outbox.Pop(frames);
  EXPECT_EQ(frames, 2u);
  EXPECT_TRUE(outbox.Push(frame));
}

TEST(Outbox, ControlFramesOvertakeAndOutliveTheClearingOfFrames) {
  Outbox outbox(1 << 20);
  outbox.Push(EncodeFrame(EnvelopesFrame("a")));
  peer::v1::Frame ping;
  ping.mutable_ping()->set_id(7);
  outbox.PushControl(EncodeFrame(ping));
  outbox.ClearFrames();
  size_t frames = 1;
  EXPECT_EQ(Parsed(outbox.Pop(frames)).ping().id(), 7u);
  EXPECT_EQ(frames, 0u);
  EXPECT_TRUE(outbox.empty());
}

TEST(FrameEncoder, ABroadcastFrameIsEncodedOnceAndShared) {
  FrameEncoder encoder;
  const auto frame =
      std::make_shared<const peer::v1::Frame>(EnvelopesFrame(std::string(4096, 'x')));
  const EncodedFrame first = encoder.Encode(frame);
  const EncodedFrame second = encoder.Encode(frame);
  EXPECT_EQ(first.bytes.begin(), second.bytes.begin());
  const auto other = std::make_shared<const peer::v1::Frame>(EnvelopesFrame("b"));
  EXPECT_EQ(encoder.Encode(other).bytes.size(), other->ByteSizeLong());
  EXPECT_EQ(encoder.Encode(frame).bytes.size(), frame->ByteSizeLong());
}

}  // namespace
}  // namespace decentd
