// Asks a running node on this machine, over the socket in its data directory. Blocking.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "node/control/control_server.h"

namespace decentd {

// Thread-safe. Every call: UNAVAILABLE where no node runs with this data directory, or where this
// user may not speak with it; DEADLINE_EXCEEDED where it does not answer.
class ControlClient {
 public:
  static absl::StatusOr<ControlClient> For(const std::string& data_directory);
  ~ControlClient();
  ControlClient(ControlClient&&) noexcept;

  absl::StatusOr<NodeHealth> Health() const;
  // The level before.
  absl::StatusOr<std::string> SetLogLevel(const std::string& level) const;
  // `directory`: made absolute; must not be there yet. Bytes of the copy. Takes as long as it takes.
  absl::StatusOr<uint64_t> Backup(const std::string& directory) const;
  // Bytes before and after. Takes as long as it takes.
  absl::StatusOr<std::pair<uint64_t, uint64_t>> Compact() const;
  // `roster`: as roster.yaml has it. FAILED_PRECONDITION where it cannot be adopted.
  absl::StatusOr<NodeRoster> AdoptRoster(const std::string& roster) const;
  // Of the oldest that is served. FAILED_PRECONDITION where nothing newer could take its place.
  absl::StatusOr<NodeRoster> RetireRoster(bool now, bool anyway) const;

 private:
  struct Impl;
  explicit ControlClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace decentd
