// Whether a node's database holds what the software wrote: for the operator, while no node uses it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/core/roster.h"
#include "storage/store.h"

namespace decentd {

struct DatabaseReport {
  uint64_t rounds = 0;       // finished, with a proof that verifies
  uint64_t open_rounds = 0;  // whose journal decodes and verifies
  uint64_t evidence = 0;
  // Why no node may vote with it before its operator accepts it; empty where nothing is in the way.
  std::string not_a_nodes;
  std::string halted;                 // why its node stopped voting, or empty
  std::vector<std::string> problems;  // one line each; empty where all of it is sound
};

// Reads and verifies every record. `progress` is told the number of records so far, now and then.
// An error where the store cannot be read.
absl::StatusOr<DatabaseReport> CheckDatabase(
    Store& store, const Roster& roster,
    const std::function<void(uint64_t records)>& progress = {});

}  // namespace decentd
