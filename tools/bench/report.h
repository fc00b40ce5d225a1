// What was measured, for people and for scripts. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/bench/measure.h"

namespace decentd::bench {

// A table in Markdown, one column a setting, with the machine's own numbers above it.
std::string ToTable(const Baseline& baseline, const std::vector<Measurement>& measurements);

// One object: "machine" and "settings". Bytes, milliseconds and microseconds as the keys say.
std::string ToJson(const Baseline& baseline, const std::vector<Measurement>& measurements);

}  // namespace decentd::bench
