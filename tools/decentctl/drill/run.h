// A drill from beginning to end: for each number of liars a council of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/decentctl/drill/report.h"
#include "tools/decentctl/drill/scratch_council.h"

namespace decentd::drill {

// All that is decided before the first daemon starts.
struct Plan {
  ScratchOptions scratch;        // but for the directory and the liars
  std::string directory;         // of the drill; each council has one in it
  std::vector<NodeIndex> order;  // in which nodes become liars
  int most_liars = 0, rounds = 1;
  absl::Duration timeout;  // of a round
  Report report;           // but for the counts
};

// Adds the counts, from no liar on, to `report`. `say` is told of the progress, a line at a time.
// Blocks; CANCELLED soon after `interrupted` says so, else what kept a round from being tried.
absl::Status Run(const Plan& plan, const std::function<void(const std::string&)>& say,
                 const Interrupted& interrupted, Report* report);

}  // namespace decentd::drill
