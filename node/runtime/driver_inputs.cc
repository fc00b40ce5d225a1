// What comes into the driver from peers: checked on the caller's thread, then queued for the core
// within bounds.
#include "node/runtime/driver.h"

namespace decentd {
namespace {

// What one peer may have waiting for the core; beyond it its messages are dropped and asked for
// again later, so that a flood costs its own link only.
constexpr size_t kMaxQueuedBytes = 32u << 20;
constexpr size_t kInputOverhead = 256;

}  // namespace

void Driver::Push(std::optional<NodeIndex> from, std::vector<Input> inputs, size_t bytes) {
  if (inputs.empty()) return;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    const size_t each = bytes / inputs.size() + kInputOverhead;
    if (from) {
      size_t& queued = mailbox_bytes_[*from];
      if (queued + each * inputs.size() > kMaxQueuedBytes) {
        dropped_ += inputs.size();
        return;
      }
      queued += each * inputs.size();
    }
    first = mailbox_.empty();
    for (Input& in : inputs) mailbox_.push_back({from, std::move(in), each});
  }
  if (first) wakes_.notify_one();  // else it is awake, or waits for more
}

// Links come and go in order with their frames, so they pass whatever waits.
void Driver::OnLinkUp(NodeIndex peer) { Push(std::nullopt, {input::LinkUp{peer}}, 0); }

void Driver::OnLinkDown(NodeIndex peer) {
  reader_.Forget(peer);
  Push(std::nullopt, {input::LinkDown{peer}}, 0);
}

void Driver::OnFrame(NodeIndex peer, peer::v1::Frame frame) {
  FrameReader::Result read = reader_.Read(peer, std::move(frame));
  Push(peer, std::move(read.inputs), read.bytes);
}

}  // namespace decentd
