// The time, passed in: the runtime reads no clock itself, so that a simulator can make it.
#pragma once

#include <cstdint>

namespace decentd {

struct Now {
  int64_t monotonic_ms = 0;
  int64_t unix_ms = 0;
};

}  // namespace decentd
