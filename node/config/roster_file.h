// roster.yaml: the nodes of a cluster and what all of them must agree on, as people read and edit
// it (docs/SPEC.md, section 1). Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/core/roster.h"

namespace decentd {

// INVALID_ARGUMENT holds one line "file:line:column: message" for each problem. All parameters but
// the ones with an agreed default (faulty_*, drop_*) must be written out, so that nodes of
// different versions read the same roster from the same file.
absl::StatusOr<Roster> ParseRoster(std::string_view text, std::string_view file);
absl::StatusOr<Roster> LoadRoster(const std::string& path);

// The file with comments. ParseRoster reads the same roster back.
std::string RenderRoster(const Roster& roster);

}  // namespace decentd
