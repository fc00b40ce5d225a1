// Ports of 127.0.0.1. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace decentd {

// Ports that nothing listens on: distinct, and below those that the system gives to outgoing connections: one of these could take
// a port before its node listens. UNAVAILABLE where there are not as many.
absl::StatusOr<std::vector<int>> FreePorts(size_t count);

// Whether something does by now.
bool Listens(int port);

std::string Loopback(int port);  // "127.0.0.1:port"

}  // namespace decentd
