// The limits of an API key by name, for node.yaml and for the lines of the keys themselves.
#pragma once

#include <cstdint>

#include "node/config/node_config.h"

namespace decentd {

struct KeyLimit {
  const char* name;
  uint32_t KeyLimits::*value;
  uint32_t least, most;
};

inline constexpr KeyLimit kKeyLimits[] = {
    {"requests_per_minute", &KeyLimits::requests_per_minute, 0, 1'000'000},
    {"rounds_in_flight", &KeyLimits::rounds_in_flight, 0, 1'000'000},
    {"body_bytes", &KeyLimits::body_bytes, 1'024, 100'000'000},
    {"requests_at_once", &KeyLimits::requests_at_once, 0, 10'000},
};

}  // namespace decentd
