// What the commands that talk to nodes or check proofs have in common: whom to ask and whom to
// believe, from flags and client.yaml.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/ed25519_signer.h"
#include "node/config/client_config.h"
#include "node/core/roster.h"
#include "tools/decentctl/council_client.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {

struct TrustOptions {
  std::string config;  // client.yaml
  std::string roster;  // roster.yaml, instead of the one that client.yaml names
};
struct OnlineOptions : TrustOptions {
  std::vector<std::string> nodes;  // instead of those of client.yaml
  std::string tls_authority;       // likewise
};

void AddTrustOptions(CLI::App* command, TrustOptions& options);
void AddOnlineOptions(CLI::App* command, OnlineOptions& options);

struct OnlineSetup {
  std::optional<ClientConfig> config;  // absent: no client.yaml, and none was needed
  std::optional<Roster> roster;        // absent: nothing to check proofs against
  CouncilClients clients;              // at least one

  const Roster* trusted() const { return roster ? &*roster : nullptr; }
};

// All errors are of the configuration and say what was expected. client.yaml may be missing where
// --node says whom to ask; a file that is named must be there.
absl::StatusOr<OnlineSetup> SetUpOnline(const OnlineOptions& options);

// The roster that proofs are checked against: --roster, else client.yaml's; absent where neither
// is there.
absl::StatusOr<std::optional<Roster>> LoadTrustedRoster(const TrustOptions& options);

// What a node's or a file's error means for the exit status.
ExitCode ExitCodeFor(const absl::Status& status);

}  // namespace decentd
