// The gRPC server that clients talk to: decentd.client.v1.Council, health and reflection. The
// standard health service says SERVING of decentd.client.v1.Council while the node votes, and
// NOT_SERVING while it does not: then another node should be asked.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"
#include "node/api/query_check.h"

namespace decentd {

struct ClientServerOptions {
  std::string listen = "127.0.0.1:0";  // host:port, port 0 = any free one
  // TLS, both or none. Needed on an address that other machines reach, unless `insecure`.
  std::string tls_certificate_file;
  std::string tls_key_file;
  bool insecure = false;  // listen on such an address without TLS all the same

  std::set<PublicKey> allowed_clients;  // who may submit; empty = every client
  uint32_t requests_per_minute = 60;    // of one client key; 0 = no limit
  uint32_t rounds_in_flight = 8;        // of one client key; 0 = no limit
  size_t watchers = 256;                // at once
  size_t watch_queue = 1024;            // events that wait for one slow watcher
  size_t bundle_chunk_bytes = 256 * 1024;
  size_t memory_bytes = 64u << 20;  // for gRPC's buffers
};

// Thread-safe. Runs on gRPC's own threads.
class ClientServer {
 public:
  // Listens. `council` and what `check` and `peers` use outlive the server. FAILED_PRECONDITION
  // for an exposed address without TLS; INVALID_ARGUMENT or NOT_FOUND for a bad address or
  // certificate; UNAVAILABLE, naming the address, when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<ClientServer>> Start(const ClientServerOptions& options,
                                                             Council& council,
                                                             QueryCheck check,
                                                             PeerInfoProvider peers);
  ~ClientServer();  // as Shutdown

  int port() const;
  // host:port with the port in use.
  std::string address() const;
  bool uses_tls() const;

  // Tells watchers that the node stops, gives running calls two seconds, ends the rest.
  void Shutdown();

 private:
  struct Impl;
  explicit ClientServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
