// Short runs whose transcripts lie in tests/sim/golden, to be read line by line. Each names what
// must come of it, so that a file which is rewritten without a thought cannot bless a broken run.
#pragma once

#include <string>
#include <vector>

#include "node/core/verdict.h"
#include "tests/sim/plan.h"

namespace decentd::sim {

struct GoldenRun {
  std::string name;   // of its file
  std::string about;  // what to look for; lines
  Plan plan;
  Outcome outcome = Outcome::kDecided;
  uint32_t answers = 0, sheets = 0;  // that counted
  std::vector<std::string> reached;  // branches of coverage.h that the run is there for
};

std::vector<GoldenRun> GoldenRuns();

}  // namespace decentd::sim
