// Percentiles of what was measured. Pure.
#pragma once

#include <vector>

namespace decentd::bench {

// The nearest-rank percentile of ascending values; 0 for none.
double Percentile(const std::vector<double>& ascending, double percent);

}  // namespace decentd::bench
