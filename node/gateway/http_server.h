// Listens for HTTP/1.1 and bounds what strangers may cost: connections, bytes, and how long a
// request may take to arrive.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "node/api/listen_address.h"
#include "node/gateway/http.h"

namespace decentd {

struct HttpLimits {
  size_t connections = 128;                         // at once; more are told 503
  size_t header_bytes = 16 * 1024;                  // 431
  size_t queue_bytes = 4 * 1024 * 1024;             // wait for a slow reader; an answer fits twice
  std::chrono::milliseconds header_time{10'000};    // for all of it, however many pieces: 408
  std::chrono::milliseconds body_time{30'000};      // likewise
  std::chrono::milliseconds write_time{30'000};     // without any progress
  // Of who sends no more and may still read, for a round of slow models; who is gone holds a
  // connection no longer than that.
  std::chrono::milliseconds half_closed_time{60'000};
  std::chrono::milliseconds comment_every{10'000};  // in a silent stream, so that proxies keep it
};

// Thread-safe. Runs on two threads of its own.
class HttpServer {
 public:
  // UNAVAILABLE, naming the address, when nothing can listen there.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const ListenAddress& address,
                                                           const HttpLimits& limits,
                                                           HttpHandler handler);
  ~HttpServer();  // as Shutdown

  // With the port in use.
  const ListenAddress& address() const;

  // Takes no more connections, gives those that are open two seconds for their last words.
  void Shutdown();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
