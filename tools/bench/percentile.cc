#include "tools/bench/percentile.h"

#include <algorithm>
#include <cmath>

namespace decentd::bench {

double Percentile(const std::vector<double>& ascending, double percent) {
  if (ascending.empty()) return 0;
  const double rank = std::ceil(percent / 100 * static_cast<double>(ascending.size()));
  return ascending[std::max<size_t>(static_cast<size_t>(rank), 1) - 1];
}

}  // namespace decentd::bench
