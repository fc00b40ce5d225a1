// Links over gRPC (docs/SPEC.md, section 10): one bidirectional stream for each pair of peers,
// mutual TLS bound to the identity keys of the roster.
//
// Both sides of a pair dial, so that a node that can only dial out is linked too. The lower index
// is the pair's arbiter: on every stream the higher one greets first, and the lower one greets back
// on the stream that it makes the live one, having closed any other. So both sides always agree on
// which stream is live, whoever dialled it and in whatever order things arrive.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/transport/link_options.h"
#include "node/transport/links.h"

namespace decentd {

// Thread-safe. The destructor closes every link, delivers its OnLinkDown and returns when no
// callback runs or will run; it must not be called from a callback.
class GrpcLinks final : public Links {
 public:
  // Listens and begins to dial. INVALID_ARGUMENT for options that cannot work, UNAVAILABLE when it
  // cannot listen at the address.
  static absl::StatusOr<std::unique_ptr<GrpcLinks>> Start(LinkOptions options);
  ~GrpcLinks() override;

  int port() const;  // the one it listens on

  void Send(NodeIndex peer, FramePtr frame) override;
  void Broadcast(FramePtr frame) override;
  // One for each other node of the roster, by index.
  std::vector<PeerState> States() const override;
  void CountFault(NodeIndex peer) override;

  // For a peer that a new roster removed: closes its link and refuses it from now on.
  void Disallow(NodeIndex peer);
  // A node may move without a new roster: dials these from now on, the first one at once unless
  // the peer is linked.
  void SetAddresses(NodeIndex peer, std::vector<std::string> addresses);

 private:
  class Impl;
  explicit GrpcLinks(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
