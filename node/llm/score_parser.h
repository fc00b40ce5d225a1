// Scores out of a judge's reply, which may wrap its JSON in prose, code fences or thoughts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace decentd::llm {

// Milli-points by shown answer and criterion. Accepted, around any other text:
//   {"A1": {"criterion": 17, ...}, ...}           numbers also as 16.5, "17" or "17/20",
//   {"answers": [{"id": "A1", "scores": {...}}]}  names in any case, with spaces or hyphens,
//   {"A1": [17, 12, ...]}                         in the order of the criteria,
// and without the names of answers where there is one answer. The last complete object counts:
// models think first and answer last. Points outside 0..20 are an error, never bent into range.
// INVALID_ARGUMENT says what is wrong in words that go back to the model.
absl::StatusOr<std::vector<std::vector<uint32_t>>> ParseScores(
    std::string_view reply, const std::vector<std::string>& ids,
    const std::vector<std::string>& criteria);

}  // namespace decentd::llm
