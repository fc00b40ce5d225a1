// Following a round at nodes that need not be trusted, to a proof that was checked here.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "node/proof/verify.h"
#include "tools/decentctl/council_client.h"
#include "tools/decentctl/live_view.h"

namespace decentd {

struct FetchedBundle {
  CheckedBundle bundle;
  std::string from;  // the node's address
};

// Why a round could not be had.
struct FetchFailure {
  enum class Kind { kInvalidProof, kNotThere, kGivenUp, kRefused, kTimedOut };
  Kind kind = Kind::kNotThere;
  absl::Status status;  // names every node that was asked and what was wrong there
};

// Asks the nodes in turn, `first` at the start, for the round's bundle and checks it: the proof
// must hold and be of this round. `on_invalid` is told at once of a node whose proof does not; it
// is added to `distrusted` and not asked again.
std::variant<FetchedBundle, FetchFailure> FetchChecked(
    const CouncilClients& clients, size_t first, const RoundId& round, const Roster* trusted,
    std::set<size_t>& distrusted, const std::function<void(const std::string&)>& on_invalid);

// What a round was asked for with.
struct AskedWith {
  const Envelope& query;
  bool taken;  // a node said that it took it
};

// Watches until a node has the proof and it holds, going on at the next node when one dies, cuts
// the watcher, does not know the round (then the query is submitted there again), gave it up or
// gives an invalid proof. kGivenUp where no node is left to go on at, kRefused where no node said
// that it took the query and now all refuse it.
std::variant<FetchedBundle, FetchFailure> WatchToProof(const CouncilClients& clients,
                                                       const RoundId& round, const AskedWith& asked,
                                                       const Roster* trusted, absl::Time deadline,
                                                       LiveView& view);

// A round by its id or a prefix of at least 4 digits of it, looked for among the nodes' rounds.
// INVALID_ARGUMENT for no such prefix or several rounds, NOT_FOUND, UNAVAILABLE.
absl::StatusOr<RoundId> FindRound(const CouncilClients& clients, const std::string& id);

}  // namespace decentd
