#include "tools/decentctl/online_setup.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "node/config/files.h"
#include "node/config/node_config.h"
#include "node/config/roster_file.h"

namespace decentd {
namespace {

absl::StatusOr<std::optional<ClientConfig>> LoadConfig(const std::string& flag) {
  const absl::StatusOr<std::string> path = FindClientConfig(flag, ProcessEnvironment());
  if (!path.ok()) return std::optional<ClientConfig>();
  absl::StatusOr<LoadedClientConfig> loaded = LoadClientConfig(*path);
  if (!loaded.ok()) return loaded.status();
  return std::optional<ClientConfig>(std::move(loaded->config));
}

absl::StatusOr<std::optional<Roster>> RosterOf(const TrustOptions& options,
                                               const std::optional<ClientConfig>& config) {
  const std::string path = !options.roster.empty() ? options.roster : config ? config->roster : "";
  if (path.empty()) return std::optional<Roster>();
  absl::StatusOr<Roster> roster = LoadRoster(path);
  if (!roster.ok()) return roster.status();
  return std::optional<Roster>(*std::move(roster));
}

}  // namespace

void AddTrustOptions(CLI::App* command, TrustOptions& options) {
  command->add_option("--config", options.config,
                      "The client's configuration, client.yaml (as 'decentctl client init' makes)");
  command->add_option("--roster", options.roster,
                      "The roster to believe instead of the one that client.yaml names");
}

void AddOnlineOptions(CLI::App* command, OnlineOptions& options) {
  AddTrustOptions(command, options);
  command
      ->add_option("--node", options.nodes,
                   "A node's client address instead of client.yaml's: host:port, tls://host:port "
                   "or insecure://host:port; several are tried in turn")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);  // one for each --node: what follows may be the question
  command->add_option("--tls-authority", options.tls_authority,
                      "PEM file of the authority that signed the nodes' certificates");
}

absl::StatusOr<OnlineSetup> SetUpOnline(const OnlineOptions& options) {
  OnlineSetup setup;
  absl::StatusOr<std::optional<ClientConfig>> config = LoadConfig(options.config);
  if (!config.ok()) return config.status();
  setup.config = *std::move(config);
  absl::StatusOr<std::optional<Roster>> roster = RosterOf(options, setup.config);
  if (!roster.ok()) return roster.status();
  setup.roster = *std::move(roster);

  std::vector<std::string> addresses = options.nodes;
  std::string authority = options.tls_authority;
  if (setup.config) {
    if (authority.empty()) authority = setup.config->tls_authority;
    if (addresses.empty()) {
      for (const std::string& node : setup.config->nodes) {
        addresses.push_back(absl::StrCat(setup.config->tls ? "tls://" : "insecure://", node));
      }
    }
  }
  if (addresses.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no node to ask: name one with --node host:port; ",
                     std::string(FindClientConfig("", ProcessEnvironment()).status().message())));
  }
  std::string roots;
  if (!authority.empty()) {
    absl::StatusOr<std::string> pem = ReadTextFile(authority);
    if (!pem.ok()) return pem.status();
    roots = *std::move(pem);
  }
  for (const std::string& address : addresses) {
    const absl::StatusOr<NodeTarget> target = NodeTarget::Parse(address);
    if (!target.ok()) return target.status();
    setup.clients.push_back(std::make_unique<CouncilClient>(*target, roots));
  }
  return setup;
}

absl::StatusOr<std::optional<Roster>> LoadTrustedRoster(const TrustOptions& options) {
  if (!options.roster.empty()) return RosterOf(options, std::nullopt);
  const absl::StatusOr<std::optional<ClientConfig>> config = LoadConfig(options.config);
  if (!config.ok()) return config.status();
  return RosterOf(options, *config);
}

ExitCode ExitCodeFor(const absl::Status& status) {
  if (IsUnreachable(status)) return ExitCode::kUnreachable;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kFailedPrecondition:
      return ExitCode::kRefused;
    default:
      return ExitCode::kError;
  }
}

}  // namespace decentd
