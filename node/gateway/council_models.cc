#include "node/gateway/council_models.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(std::string_view name) {
  return {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "decentd"}};
}

// A committee of as many as the larger panel has would be the council.
uint32_t LargestCommittee(const Roster& roster) {
  return static_cast<uint32_t>(
      std::max(roster.panel_size(Phase::kAnswer), roster.panel_size(Phase::kSheet)) - 1);
}

}  // namespace

std::vector<std::string> ModelNames(const Roster& roster) {
  std::vector<std::string> names{kModelName};
  for (uint32_t size = LargestCommittee(roster); size > 0; --size) {
    names.push_back(absl::StrCat(kModelName, "-", size));
  }
  return names;
}

std::optional<uint32_t> CommitteeOf(const Roster& roster, std::string_view model) {
  if (model == kModelName) return 0;
  for (uint32_t size = LargestCommittee(roster); size > 0; --size) {
    if (model == absl::StrCat(kModelName, "-", size)) return size;
  }
  return std::nullopt;
}

std::string ModelsJson(const Roster& roster) {
  Json data = Json::array();
  for (const std::string& name : ModelNames(roster)) data.push_back(ToJson(name));
  return Json{{"object", "list"}, {"data", std::move(data)}}.dump() + "\n";
}

std::string ModelJson(std::string_view name) { return ToJson(name).dump() + "\n"; }

}  // namespace decentd
