// What the rest of the node sees of its peers: frames in, frames out, who is linked. The gRPC
// implementation is grpc_links.h; the simulator has its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decentd/peer/v1/peer.pb.h"
#include "node/core/ids.h"

namespace decentd {

using FramePtr = std::shared_ptr<const peer::v1::Frame>;

// Receives from all links. Called on transport threads, for one peer in the order of its stream,
// for several peers at once. Must not block for long: a slow receiver slows that peer's link.
class LinkReceiver {
 public:
  virtual ~LinkReceiver() = default;
  virtual void OnLinkUp(NodeIndex peer) = 0;
  virtual void OnLinkDown(NodeIndex peer) = 0;
  // Only frames that are not the link's own business (not hello, ping, pong).
  virtual void OnFrame(NodeIndex peer, peer::v1::Frame frame) = 0;
};

// For people: decentctl peers, metrics.
struct PeerState {
  NodeIndex peer;
  bool linked = false;
  std::string state;    // "linked", "connecting", "refused", "wrong key", ...
  std::string detail;   // the reason in one line, or empty
  std::string address;  // in use, or the last one tried
  std::string version;  // software version of the peer
  double round_trip_ms = -1;  // -1 = unknown
  // The peer's clock less this one's, as the peer says, give or take half a round trip.
  std::optional<double> clock_offset_ms;
  uint64_t bytes_sent = 0, bytes_received = 0;
  uint64_t frames_sent = 0, frames_received = 0, frames_dropped = 0;
  int64_t last_seen_unix_ms = 0;  // 0 = never
};

// Thread-safe. Never blocks.
class Links {
 public:
  virtual ~Links() = default;
  // Queues a frame for one peer. Dropped (and counted) when the peer is not linked or its queue of
  // bounded bytes is full: what a bound drops, the periodic exchange of Have asks for again.
  virtual void Send(NodeIndex peer, FramePtr frame) = 0;
  // The same to every linked peer.
  virtual void Broadcast(FramePtr frame) = 0;
  virtual std::vector<PeerState> States() const = 0;
  // Counts a fault against the link the bytes came from; too many in a while close it for a time.
  virtual void CountFault(NodeIndex peer) = 0;
};

}  // namespace decentd
