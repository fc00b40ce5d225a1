// How long the scripted models take, as the command line says it. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace decentd::bench {

struct Delay {
  std::string text;    // as given, for tables
  std::string script;  // the value of delay_ms in a script (deploy/examples/scripted.yaml)
  std::optional<double> constant_ms;  // set where every call takes this long
};

// "constant:1s", "uniform:200ms-900ms", "exponential:400ms". INVALID_ARGUMENT says what was
// expected.
absl::StatusOr<Delay> ParseDelay(const std::string& text);

}  // namespace decentd::bench
