// The operator's way to a running node: decentd.control.v1.Control on a socket in the data
// directory, open to the node's own user alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace decentd {

struct NodeHealth {
  std::string name, version;
  bool voting = false;
  std::string not_voting_because;
  uint32_t nodes = 0, reachable = 0, needed = 0;
  // The linked peers' clocks less this one's, see node/daemon/clock_offset.h; empty while too few
  // peers have spoken.
  std::optional<double> clock_offset_ms;
};

// A roster that the node has adopted, and what it sees of it.
struct NodeRoster {
  std::string cluster_id;  // hex
  uint32_t epoch = 0;
  std::string state;  // active, closing, retired
  uint32_t nodes = 0, quorum = 0;
  std::vector<std::string> reached;  // names of the nodes that serve it, itself included
  uint64_t rounds_open = 0;
};

// What the node does for its operator. Called on any thread, may take its time.
struct ControlActions {
  std::function<absl::StatusOr<NodeHealth>()> health;
  // To debug, info, warn or error; the level before.
  std::function<absl::StatusOr<std::string>(const std::string& level)> set_log_level;
  // Into a directory that is not there yet; bytes of the copy.
  std::function<absl::StatusOr<uint64_t>(const std::string& directory)> backup;
  // Bytes before and after.
  std::function<absl::StatusOr<std::pair<uint64_t, uint64_t>>()> compact;
  // Of a roster as roster.yaml has it.
  std::function<absl::StatusOr<NodeRoster>(const std::string& text)> adopt_roster;
  std::function<absl::StatusOr<NodeRoster>(bool now, bool anyway)> retire_roster;
};

// Thread-safe.
class ControlServer {
 public:
  // REQUIRES: no other process serves this data directory (the database's lock sees to that).
  // INVALID_ARGUMENT for a path that is too long, UNAVAILABLE where the socket cannot be made.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const std::string& data_directory,
                                                              ControlActions actions);
  ~ControlServer();  // ends running calls, takes the socket away

 private:
  struct Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
