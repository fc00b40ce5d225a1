// The council as an OpenAI-compatible HTTP API, and its rounds for whoever watches them. Off unless
// configured. Neither TLS nor CORS: a proxy in front brings what the open network needs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/api/council.h"
#include "node/api/query_check.h"
#include "node/core/roster.h"

namespace decentd {

struct GatewayOptions {
  std::string listen = "127.0.0.1:8480";  // host:port, port 0 = any free one
  // SHA-256 of each API key that is taken. Empty = no key is asked for, on loopback only.
  std::set<Digest> api_keys;
  bool insecure = false;  // other machines reach it without TLS all the same
  uint32_t requests_per_minute = 60;  // of one API key; 0 = no limit
  uint32_t rounds_in_flight = 8;      // likewise
  size_t connections = 128;           // at once
};

// Thread-safe. Runs on two threads of its own.
class Gateway {
 public:
  // Listens. `key` signs the questions; `council` and what `check` and `roster` use outlive the
  // gateway. FAILED_PRECONDITION, with the way out, for an exposed address without API keys or
  // without `insecure`; INVALID_ARGUMENT for a bad address; UNAVAILABLE when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(const GatewayOptions& options,
                                                        std::shared_ptr<const Signer> key,
                                                        Council& council, QueryCheck check,
                                                        std::function<Roster()> roster);
  ~Gateway();  // as Shutdown

  int port() const;
  // host:port with the port in use.
  std::string address() const;

  // Tells clients that wait that the node stops, gives them two seconds, ends the rest.
  void Shutdown();

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
