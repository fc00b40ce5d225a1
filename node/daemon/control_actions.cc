#include "node/daemon/control_actions.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "node/config/roster_file.h"
#include "node/daemon/clock_offset.h"
#include "node/daemon/logging.h"
#include "node/runtime/binding.h"

namespace decentd {
namespace {

// By the roster that the node's status is of: a peer has a link for each roster.
std::optional<double> ClockOffsetOf(const Seats& seats, const NodeStatus& status) {
  std::vector<double> offsets;
  for (const PeerInfo& peer : seats.Peers()) {
    if (peer.epoch != status.epoch || !peer.clock_offset_ms) continue;
    offsets.push_back(*peer.clock_offset_ms);
  }
  return ClockOffset(std::move(offsets), static_cast<size_t>(status.f));
}

absl::StatusOr<NodeHealth> Health(Seats& seats) {
  absl::StatusOr<NodeStatus> status = seats.Status();
  if (!status.ok()) return status.status();
  const std::optional<double> clock_offset_ms = ClockOffsetOf(seats, *status);
  return NodeHealth{.name = std::move(status->name),
                    .version = std::move(status->version),
                    .voting = status->voting,
                    .not_voting_because = std::move(status->not_voting_because),
                    .nodes = static_cast<uint32_t>(status->n),
                    .reachable = static_cast<uint32_t>(status->reachable),
                    .needed = static_cast<uint32_t>(status->n - status->f),
                    .clock_offset_ms = clock_offset_ms};
}

absl::StatusOr<NodeRoster> ToNodeRoster(absl::StatusOr<RosterStatus> status) {
  if (!status.ok()) return status.status();
  return NodeRoster{status->cluster_id.Hex(),
                    status->epoch,
                    std::move(status->state),
                    static_cast<uint32_t>(status->n),
                    static_cast<uint32_t>(status->quorum),
                    std::move(status->reached),
                    status->rounds_open};
}

}  // namespace

ControlActions MakeControlActions(Seats& seats, DiskStore& store,
                                  std::shared_ptr<spdlog::logger> logger) {
  ControlActions actions;
  actions.health = [&seats] { return Health(seats); };
  actions.set_log_level = [logger](const std::string& level) -> absl::StatusOr<std::string> {
    const std::string before = LevelOf(*logger);
    if (absl::Status status = SetLevel(*logger, level); !status.ok()) return status;
    logger->info("log level {} from now on, {} before", level, before);
    return before;
  };
  actions.backup = [&store, logger](const std::string& directory) {
    const absl::StatusOr<uint64_t> bytes = store.CopyTo(directory, CopyMark(absl::ToUnixMillis(absl::Now())));
    if (bytes.ok()) {
      logger->info("backup of {} bytes in {}", *bytes, directory);
    } else {
      logger->warn("no backup: {}", std::string(bytes.status().message()));
    }
    return bytes;
  };
  actions.compact = [&store, logger]() -> absl::StatusOr<std::pair<uint64_t, uint64_t>> {
    const uint64_t before = store.ApproximateBytes();
    if (absl::Status status = store.Compact(); !status.ok()) return status;
    const uint64_t after = store.ApproximateBytes();
    logger->info("database compacted: {} bytes before, {} after", before, after);
    return std::pair(before, after);
  };
  actions.adopt_roster = [&seats](const std::string& text) -> absl::StatusOr<NodeRoster> {
    const absl::StatusOr<Roster> roster = ParseRoster(text, "the roster");
    if (!roster.ok()) return roster.status();
    return ToNodeRoster(seats.Adopt(*roster));
  };
  actions.retire_roster = [&seats](bool now, bool anyway) {
    return ToNodeRoster(seats.Retire(now, anyway));
  };
  return actions;
}

}  // namespace decentd
