#include "tools/bench/council.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/ed25519_signer.h"
#include "crypto/keyfile.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "tools/cluster/loopback.h"

namespace decentd::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(120);
constexpr absl::Duration kPoll = absl::Milliseconds(50);

// The script answers at once beside the delay; marks come from hashes, so that sheets differ.
std::string Script(const Delay& delay) {
  return absl::StrCat("seed: 1\ndelay_ms: ", delay.script,
                      "\nanswers:\n  - answer: \"{{node}} says: forty-two.\"\n",
                      "scores:\n  - points: hash\n");
}

std::string NodeConfigText(const std::string& name, int peer_port, int client_port,
                           uint32_t rounds_open) {
  return absl::StrCat("name: ", name, "\nidentity_key: identity.key\ndata_directory: data\n",
                      "roster: ../roster.yaml\npeers: {listen: ", "\"", Loopback(peer_port),
                      "\"}\nclients:\n  listen: ", Loopback(client_port),
                      "\n  requests_per_minute: 0\n  rounds_in_flight: 0\n",
                      "models:\n  answer: {backend: scripted, file: ../script.yaml}\n",
                      "  judge: {backend: scripted, file: ../script.yaml}\n",
                      "limits: {rounds_open: ", rounds_open, "}\nlog: {level: warn}\n");
}

// Writes the council's files; returns its roster.
absl::StatusOr<Roster> WriteFiles(const CouncilOptions& options, const std::vector<int>& ports) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::create_directories(options.directory, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot make ", options.directory, ": ",
                     error ? error.message() : "it is there already; give --dir another name"));
  }
  const fs::path root = options.directory;
  const uint32_t in_flight = std::max(options.rounds_in_flight, 64u);
  std::vector<RosterNode> nodes;
  for (int i = 0; i < options.nodes; ++i) {
    const int peer_port = ports[2 * i], client_port = ports[2 * i + 1];
    RosterNode node;
    node.name = absl::StrCat("node", i);
    node.addresses = {Loopback(peer_port)};
    const auto identity = NewEd25519Signer();
    node.key = identity->public_key();
    fs::create_directory(root / node.name, error);
    if (error) return absl::UnavailableError((root / node.name).string() + ": " + error.message());
    absl::Status status =
        CreateKeyFile((root / node.name / "identity.key").string(), *identity, "");
    if (status.ok()) {
      status = CreateFile((root / node.name / "node.yaml").string(),
                          NodeConfigText(node.name, peer_port, client_port, 4 * in_flight));
    }
    if (!status.ok()) return status;
    nodes.push_back(std::move(node));
  }
  RosterParameters parameters;
  parameters.rounds_per_sponsor = 2 * in_flight;
  if (const std::string problem = Roster::Problem(nodes, parameters); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  Roster roster(1, std::move(nodes), parameters);
  absl::Status status = CreateFile((root / "roster.yaml").string(), RenderRoster(roster));
  if (status.ok()) status = CreateFile((root / "script.yaml").string(), Script(options.delay));
  if (!status.ok()) return status;
  return roster;
}

}  // namespace

absl::StatusOr<Council> Council::Start(const CouncilOptions& options,
                                       const Interrupted& interrupted) {
  const auto ports = FreePorts(2 * static_cast<size_t>(options.nodes));
  if (!ports.ok()) return ports.status();
  const auto roster = WriteFiles(options, *ports);
  if (!roster.ok()) return roster.status();
  Council council;
  council.cluster_id_ = roster->cluster_id();
  for (int i = 0; i < options.nodes; ++i) {
    const std::string directory = absl::StrCat(options.directory, "/", roster->nodes()[i].name);
    auto daemon =
        DaemonProcess::Start(options.program, directory + "/node.yaml", directory + "/daemon.log");
    if (!daemon.ok()) return daemon.status();
    council.daemons_.push_back(*std::move(daemon));
    council.clients_.push_back(
        std::make_unique<CouncilClient>(NodeTarget{Loopback((*ports)[2 * i + 1]), false}, ""));
  }
  if (absl::Status status = council.WaitUntilLinked(interrupted); !status.ok()) return status;
  return council;
}

absl::Status Council::WaitUntilLinked(const Interrupted& interrupted) {
  return WaitUntil(
      [&](CouncilClient& client) -> absl::StatusOr<bool> {
        const auto status = client.GetStatus();
        return status.ok() && status->reachable() == clients_.size() && status->voting();
      },
      "reaches every node", interrupted);
}

absl::Status Council::WaitUntilQuiet(const Interrupted& interrupted) {
  return WaitUntil(
      [](CouncilClient& client) -> absl::StatusOr<bool> {
        const auto status = client.GetStatus();
        if (IsUnreachable(status.status())) return false;  // a busy machine
        if (!status.ok()) return status.status();
        return status->rounds_open() == 0;
      },
      "has ended its rounds", interrupted);
}

absl::Status Council::WaitUntil(const std::function<absl::StatusOr<bool>(CouncilClient&)>& ready,
                                const std::string& what, const Interrupted& interrupted) {
  const absl::Time deadline = absl::Now() + kPatience;
  for (const auto& client : clients_) {
    while (true) {
      if (interrupted()) return absl::CancelledError("interrupted");
      if (absl::Status status = Running(); !status.ok()) return status;
      const absl::StatusOr<bool> done = ready(*client);
      if (!done.ok()) return done.status();
      if (*done) break;
      if (absl::Now() > deadline) {
        return absl::DeadlineExceededError(absl::StrCat("waited ", absl::FormatDuration(kPatience),
                                                        " until the node at ", client->address(),
                                                        " ", what));
      }
      absl::SleepFor(kPoll);
    }
  }
  return absl::OkStatus();
}

absl::Status Council::Running() {
  for (DaemonProcess& daemon : daemons_) {
    if (absl::Status status = daemon.Running(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void Council::Kill() {
  for (DaemonProcess& daemon : daemons_) daemon.Kill();
}

absl::StatusOr<Counters> Council::Read() const {
  Counters sum;
  for (const auto& client : clients_) {
    const auto status = client->GetStatus();
    if (!status.ok()) return status.status();
    const auto peers = client->ListPeers();
    if (!peers.ok()) return peers.status();
    sum.signatures_verified += status->signatures_verified();
    sum.synced_writes += status->synced_writes();
    sum.bytes_written += status->bytes_written();
    sum.store_bytes += status->store_bytes();
    sum.rounds_open += status->rounds_open();
    for (const auto& peer : peers->peers()) sum.bytes_sent += peer.bytes_sent();
  }
  for (const DaemonProcess& daemon : daemons_) sum.cpu_seconds += daemon.CpuSeconds();
  return sum;
}

uint64_t Council::MostResidentBytes() const {
  uint64_t most = 0;
  for (const DaemonProcess& daemon : daemons_) most = std::max(most, daemon.ResidentBytes());
  return most;
}

uint64_t Council::MostPeakBytes() const {
  uint64_t most = 0;
  for (const DaemonProcess& daemon : daemons_) most = std::max(most, daemon.PeakBytes());
  return most;
}

void Council::ResetPeaks() const {
  for (const DaemonProcess& daemon : daemons_) daemon.ResetPeak();
}

}  // namespace decentd::bench
