// Ports of 127.0.0.1 that nothing listens on. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace decentd {

// Distinct, and below those that the system gives to outgoing connections: one of these could take
// a port before its node listens. UNAVAILABLE where there are not as many.
absl::StatusOr<std::vector<int>> FreePorts(size_t count);

std::string Loopback(int port);  // "127.0.0.1:port"

}  // namespace decentd
