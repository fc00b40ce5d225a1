// How many files and connections the process may have open.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace decentd {

// Raises the soft limit to what so many connections of the gateway need beside the database and the
// links, or says FAILED_PRECONDITION, with the way out, where the hard one is below that. 0 = no
// gateway. Not thread-safe;
// once, before anything is opened.
absl::Status RaiseFileLimit(uint32_t gateway_connections);

}  // namespace decentd
