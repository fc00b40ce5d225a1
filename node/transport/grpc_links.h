// Links over gRPC (docs/SPEC.md, section 10): one bidirectional stream for each pair of peers of one
// roster, mutual TLS bound to the identity keys of the roster.
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

// Thread-safe.
class GrpcLinks final : public Links {
 public:
  // Lets peers in and begins to dial. INVALID_ARGUMENT for options that cannot work.
  static absl::StatusOr<std::unique_ptr<GrpcLinks>> Start(LinkOptions options);
  ~GrpcLinks() override;  // as Close

  // Closes every link, delivers its OnLinkDown and returns when no callback runs or will run; must
  // not be called from a callback. What is sent later is dropped. Idempotent.
  void Close();

  void Send(NodeIndex peer, FramePtr frame) override;
  void Broadcast(FramePtr frame) override;
  // One for each other node of the roster, by index.
  std::vector<PeerState> States() const override;
  void CountFault(NodeIndex peer) override;

  // A node may move without a new roster: dials these from now on, the first one at once unless
  // the peer is linked.
  void SetAddresses(NodeIndex peer, std::vector<std::string> addresses);

 private:
  class Impl;
  explicit GrpcLinks(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
