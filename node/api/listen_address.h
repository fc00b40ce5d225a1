// Addresses that a server listens on, as an operator writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace decentd {

struct ListenAddress {
  std::string host;   // "127.0.0.1", "::1", "localhost", "node1.example"
  uint16_t port = 0;  // 0 = any free one

  // "host:port", "[v6]:port". INVALID_ARGUMENT says what was expected.
  static absl::StatusOr<ListenAddress> Parse(std::string_view text);
  std::string ToString() const;
  // True when only this machine can reach it. A name other than localhost counts as exposed:
  // what it resolves to is not this program's to promise.
  bool IsLoopback() const;
};

// Why nothing can listen there now ("127.0.0.1:7100: Address already in use"), or OK when a plain
// socket could: for the message after a server library only said that it failed.
absl::Status ProbeListen(const ListenAddress& address);

}  // namespace decentd
