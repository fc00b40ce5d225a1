// The council as the models of OpenAI's API: "decent" is all of it, "decent-K" a committee of K
// agents of each panel, drawn by lot (docs/SPEC.md, section 1). Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/core/roster.h"

namespace decentd {

inline constexpr char kModelName[] = "decent";

// The whole council first, then its committees, largest first.
std::vector<std::string> ModelNames(const Roster& roster);
// What a query's `committee` is for a model; nothing for a model that is not offered.
std::optional<uint32_t> CommitteeOf(const Roster& roster, std::string_view model);

// GET /v1/models, and one of it.
std::string ModelsJson(const Roster& roster);
std::string ModelJson(std::string_view name);

}  // namespace decentd
