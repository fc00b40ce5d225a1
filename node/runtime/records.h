// What people may read of rounds that are over: from the stores alone, so for rosters that are
// retired too. Thread-safe, as the stores are.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/core/roster.h"
#include "storage/store.h"

namespace decentd::records {

// Where the rounds of one roster lie.
struct Source {
  const Store* store;
  const Roster* roster;
};

// As Council::GetRound, for a round that is not open.
absl::StatusOr<RoundSummary> Get(const Source& source, const RoundId& round);
// As Council::GetBundle.
absl::StatusOr<std::string> Bundle(const Store& store, const RoundId& round);
// As Council::ListRounds: the open rounds, newest first, then what the sources have. `open_rounds`
// tells the first, and is asked only where the page may have some.
absl::StatusOr<std::vector<RoundSummary>> List(
    const std::function<absl::StatusOr<std::vector<RoundSummary>>()>& open_rounds,
    const std::vector<Source>& sources, size_t limit, std::optional<RoundId> after);
// As Council::ListEvidence.
absl::StatusOr<std::vector<StoredEvidence>> Evidence(const Store& store);
// As Council::EvidenceOf.
absl::StatusOr<std::vector<StoredEvidence>> EvidenceOf(const Store& store, const RoundId& round);

}  // namespace decentd::records
