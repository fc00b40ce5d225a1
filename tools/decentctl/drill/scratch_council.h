// A council of real daemons on loopback, some of whose nodes lie: fresh keys, a directory of its
// own, and nothing of the operator's real node but the configuration of its models.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/config/node_config.h"
#include "node/core/roster.h"
#include "tools/cluster/daemon_process.h"
#include "tools/decentctl/council_client.h"
#include "tools/decentctl/drill/attack.h"

namespace decentd::drill {

struct ScratchOptions {
  std::string honest_program, liar_program;  // decentd, decentd-drill
  std::string directory;                     // made, and must not be there yet
  NodeConfig real;                           // whose models the honest nodes have
  std::vector<RosterNode> nodes;             // without keys and addresses
  RosterParameters parameters;
  Attack attack = Attack::kInflate;
  std::string lie;
  std::set<NodeIndex> liars;  // not all nodes
};

// Says whether the user wants to stop.
using Interrupted = std::function<bool()>;

// The daemons end with it. Not thread-safe.
class ScratchCouncil {
 public:
  // Returns when every honest node reaches every other honest one and has a link with every liar.
  // CANCELLED where interrupted; UNAVAILABLE with the last line of its log where a daemon ends.
  static absl::StatusOr<ScratchCouncil> Start(const ScratchOptions& options,
                                              const Interrupted& interrupted);

  const Roster& roster() const { return roster_; }
  const CouncilClients& honest() const { return honest_; }  // their clients; at least one
  const std::set<NodeIndex>& liars() const { return liars_; }

  absl::Status Running();  // OK while all daemons run
  // Nodes whose contradictions an honest node holds proof of; an honest node never is one.
  absl::StatusOr<std::set<NodeIndex>> Convicted();
  // What honest nodes refused of liars: statements that no correct node sends.
  absl::StatusOr<uint64_t> FaultsOfLiars();

 private:
  explicit ScratchCouncil(Roster roster) : roster_(std::move(roster)) {}
  absl::Status StartDaemons(const ScratchOptions& options, const std::vector<int>& ports);
  bool IsLinked(CouncilClient& client) const;
  absl::Status WaitUntilLinked(const Interrupted& interrupted);
  absl::Status WaitUntil(const std::function<bool()>& ready, const Interrupted& interrupted);

  Roster roster_;
  std::set<NodeIndex> liars_;
  CouncilClients honest_;
  std::vector<int> client_ports_;  // of the same nodes
  std::vector<std::string> logs_;  // of the daemons, in their order
  std::vector<DaemonProcess> daemons_;
};

}  // namespace decentd::drill
