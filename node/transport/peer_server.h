// The one address at which a node's peers dial it, whichever of its rosters they come for: a node
// serves two while its roster changes. A dialler names the roster in the metadata of its call; the
// key of its TLS certificate says which node of that roster it is.
#pragma once

#include <grpcpp/grpcpp.h>
#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/tls_identity.h"
#include "node/core/roster.h"

namespace decentd {

// A dialler that names no roster (kClusterMetadata) comes for the oldest that has its key. Thread-safe.
// Outlives what was opened at it.
class PeerServer {
 public:
  using Call = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  // The reactor of a call by that peer; on any thread.
  using Accept = std::function<Call*(NodeIndex peer, grpc::CallbackServerContext* context)>;

  struct Options {
    std::string listen_address;  // host:port; port 0 takes a free one
    TlsIdentity tls;             // of the identity key
    std::shared_ptr<spdlog::logger> log;
  };

  // UNAVAILABLE when it cannot listen at the address.
  static absl::StatusOr<std::unique_ptr<PeerServer>> Start(Options options);
  ~PeerServer();

  int port() const;  // the one it listens on

  // Lets the other nodes of a roster in, until it is destroyed: then no `accept` runs or will run.
  class Door {
   public:
    virtual ~Door() = default;
  };
  // `roster` outlives the door; `self` is this node in it.
  std::unique_ptr<Door> Open(const Roster& roster, NodeIndex self, Accept accept);

 private:
  class Impl;
  explicit PeerServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
