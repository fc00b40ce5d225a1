// The council as an OpenAI-compatible HTTP API, its rounds for whoever watches them, and the
// dashboard's pages. Off unless configured. Neither TLS nor CORS: a proxy in front brings what the
// open network needs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"
#include "node/api/query_check.h"
#include "node/core/roster.h"
#include "node/gateway/callers.h"

namespace decentd {

struct GatewayOptions {
  std::string listen = "127.0.0.1:8480";  // host:port, port 0 = any free one
  // By the SHA-256 of each API key that is taken. Empty = no key is asked for, on loopback only.
  std::map<Digest, GatewayLimits> api_keys;
  GatewayLimits limits;   // of everybody together where no key is asked for
  bool insecure = false;  // other machines reach it without TLS all the same
  // Of a chat for its round's end. OpenAI's clients give up after 600 s and ask again, twice; what
  // this answers they take for the end.
  std::chrono::milliseconds longest_wait{570'000};
  size_t connections = 256;                         // at once
};

// What the gateway shows and asks. All of it is thread-safe and outlives the gateway.
struct GatewayNode {
  Council& council;
  QueryCheck check;
  std::function<Roster()> roster;  // that new questions are signed for
  PeerInfoProvider peers;
  std::function<std::string()> metrics;  // in Prometheus' text format
  // Told of each request that was answered: its route's pattern (empty for none), and the status.
  std::function<void(const std::string& method, const std::string& route, int status)> answered;
};

// Thread-safe. Runs on two threads of its own.
class Gateway {
 public:
  // Listens. `key` signs the questions. FAILED_PRECONDITION, with the way out, for an exposed
  // address without API keys or without `insecure`; INVALID_ARGUMENT for a bad address; UNAVAILABLE
  // when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(const GatewayOptions& options,
                                                        std::shared_ptr<const Signer> key,
                                                        GatewayNode node);
  ~Gateway();  // as Shutdown

  int port() const;
  // host:port with the port in use.
  std::string address() const;

  // "GET /v1/rounds/{id}" and so on, as docs/API.md and the OpenAPI description have them.
  std::vector<std::string> routes() const;

  // Tells clients that wait that the node stops, gives them two seconds, ends the rest.
  void Shutdown();

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
