#include "node/transport/outbox.h"

#include <string>
#include <utility>
#include <vector>

namespace decentd {

EncodedFrame EncodeFrame(const peer::v1::Frame& frame) {
  auto* bytes = new std::string(frame.SerializeAsString());
  return {grpc::Slice(
              bytes->data(), bytes->size(),
              [](void* owner) { delete static_cast<std::string*>(owner); }, bytes),
          frame.has_envelopes()};
}

EncodedFrame FrameEncoder::Encode(const FramePtr& frame) {
  {
    std::lock_guard lock(mutex_);
    if (last_.lock() == frame) return encoded_;
  }
  EncodedFrame encoded = EncodeFrame(*frame);
  std::lock_guard lock(mutex_);
  last_ = frame;
  encoded_ = encoded;
  return encoded;
}

bool Outbox::Push(EncodedFrame frame) {
  const size_t size = frame.bytes.size();
  if (size > max_bytes_ - bytes_) return false;
  bytes_ += size;
  frames_.push_back(std::move(frame));
  return true;
}

grpc::ByteBuffer Outbox::Pop(size_t& frames) {
  frames = 0;
  if (!control_.empty()) {
    grpc::Slice slice = std::move(control_.front().bytes);
    control_.pop_front();
    return grpc::ByteBuffer(&slice, 1);
  }
  std::vector<grpc::Slice> slices;
  size_t merged = 0;
  do {
    EncodedFrame& front = frames_.front();
    const bool mergeable = front.envelopes;
    merged += front.bytes.size();
    bytes_ -= front.bytes.size();
    slices.push_back(std::move(front.bytes));
    frames_.pop_front();
    if (!mergeable) break;
  } while (!frames_.empty() && frames_.front().envelopes &&
           merged + frames_.front().bytes.size() <= kMergedBytes);
  frames = slices.size();
  return grpc::ByteBuffer(slices.data(), slices.size());
}

void Outbox::Clear() {
  control_.clear();
  ClearFrames();
}

void Outbox::ClearFrames() {
  frames_.clear();
  bytes_ = 0;
}

}  // namespace decentd
