// What the machine itself costs: the bounds that measured rounds are held against.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace decentd::bench {

struct Baseline {
  int cores = 1;           // this process may use
  std::string processor;   // as /proc/cpuinfo names it
  double verify_us = 0;    // CPU time of one Ed25519 verification
  double sign_us = 0;      // likewise of one signature
  double sync_p50_ms = 0;  // appending 4 KiB to a file and fdatasync
  double sync_p99_ms = 0;
  double load_average = 0;  // of the last minute, before the measurement: others' work
};

// The syncs are measured on the file system of `directory`, which must be there.
absl::StatusOr<Baseline> MeasureBaseline(const std::string& directory);

}  // namespace decentd::bench
