// Where a node's operator reaches it. Pure; thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace decentd {

// The socket in this data directory. INVALID_ARGUMENT where its path is longer than the system
// allows for sockets (107 bytes), with the way out.
absl::StatusOr<std::string> ControlSocket(const std::string& data_directory);

}  // namespace decentd
