#include "node/daemon/clock_offset.h"

#include <algorithm>

namespace decentd {

std::optional<double> ClockOffset(std::vector<double> offsets, size_t f) {
  if (offsets.size() <= f) return std::nullopt;
  std::ranges::sort(offsets);
  if (offsets.size() > 2 * f) return offsets[offsets.size() / 2];
  // Of any f + 1 peers one is honest: the f + 1 that say least, and the f + 1 that say most.
  const double least = offsets[offsets.size() - 1 - f], most = offsets[f];
  return std::clamp(0.0, least, most);
}

}  // namespace decentd
