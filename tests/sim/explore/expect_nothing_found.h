// What tests of explorations expect of the code as it is.
#pragma once

#include <gtest/gtest.h>

#include <iostream>

#include "tests/sim/explore/search.h"

namespace decentd::explore {

// Where something was found, tells how it comes to that.
inline void ExpectNothingFound(const Exploration& result) {
  if (!result.finding) return;
  ADD_FAILURE() << result.finding->what;
  for (const std::string& step : result.finding->steps) std::cerr << "  " << step << "\n";
}

}  // namespace decentd::explore
