// What waits to be written to one peer: bounded by bytes, small Envelopes frames merged.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "node/transport/links.h"

namespace decentd {

// A frame as it goes over the wire. Copies share the bytes.
struct EncodedFrame {
  grpc::Slice bytes;
  bool envelopes = false;  // may be merged with its neighbours
};

EncodedFrame EncodeFrame(const peer::v1::Frame& frame);

// Encodes a frame that is sent to several peers in a row once. Thread-safe.
class FrameEncoder {
 public:
  EncodedFrame Encode(const FramePtr& frame);

 private:
  std::mutex mutex_;
  std::weak_ptr<const peer::v1::Frame> last_;
  EncodedFrame encoded_;
};

// Not thread-safe. Frames leave in the order they came, except that control frames overtake.
class Outbox {
 public:
  // Merged frames stay below this: large enough to save system calls, small enough for a control
  // frame not to wait long behind one.
  static constexpr size_t kMergedBytes = 256 * 1024;

  explicit Outbox(size_t max_bytes) : max_bytes_(max_bytes) {}

  // False when the frame does not fit below the bound; nothing of it is kept then.
  bool Push(EncodedFrame frame);
  // For frames of the link itself, whose number the caller bounds.
  void PushControl(EncodedFrame frame) { control_.push_back(std::move(frame)); }

  bool empty() const { return control_.empty() && frames_.empty(); }
  bool has_control() const { return !control_.empty(); }
  size_t bytes() const { return bytes_; }

  // The next message of the stream. Serialised Frames that hold Envelopes are merged by putting
  // their bytes one after the other: a protobuf parser merges a message field that comes twice.
  // `frames` = how many pushed frames it holds, 0 for a control frame. REQUIRES: not empty().
  grpc::ByteBuffer Pop(size_t& frames);

  void Clear();
  void ClearFrames();  // keeps control frames

 private:
  const size_t max_bytes_;
  size_t bytes_ = 0;  // of frames_
  std::deque<EncodedFrame> control_;
  std::deque<EncodedFrame> frames_;
};

}  // namespace decentd
