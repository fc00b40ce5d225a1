#include "tools/decentctl/drill/scratch_council.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "crypto/ed25519_signer.h"
#include "crypto/keyfile.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "tools/cluster/loopback.h"
#include "tools/decentctl/drill/scratch_node.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd::drill {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPatience = absl::Seconds(120);
constexpr absl::Duration kPoll = absl::Milliseconds(50);
constexpr const char* kScript = "liars.jsonl";

std::string FolderOf(const ScratchOptions& options, const RosterNode& node) {
  return (fs::path(options.directory) / node.name).string();
}

std::string LastLine(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return Shorten(PrintableLine(last), 400);
}

absl::Status WriteNode(const ScratchOptions& options, const RosterNode& node,
                       const Ed25519Identity& identity, bool lies, int peer_port,
                       int client_port) {
  const std::string folder = FolderOf(options, node);
  std::error_code error;
  if (!fs::create_directory(folder, error)) {
    return absl::UnavailableError(absl::StrCat("cannot make ", folder, ": ", error.message()));
  }
  absl::Status status = CreateKeyFile(folder + "/identity.key", identity, "");
  if (!status.ok()) return status;
  const ScratchNode scratch{node.name, peer_port, client_port};
  return CreateFile(folder + "/node.yaml",
                    lies ? LyingNodeYaml(scratch, options.directory + "/" + kScript)
                         : HonestNodeYaml(scratch, options.real));
}

absl::StatusOr<Roster> WriteFiles(const ScratchOptions& options, const std::vector<int>& ports) {
  std::error_code error;
  if (!fs::create_directories(options.directory, error)) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", options.directory, ": ", error.message()));
  }
  std::vector<RosterNode> nodes = options.nodes;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const auto identity = NewEd25519Signer();
    nodes[i].key = identity->public_key();
    nodes[i].addresses = {Loopback(ports[2 * i])};
    const bool lies = options.liars.contains(NodeIndex{static_cast<uint16_t>(i)});
    absl::Status status =
        WriteNode(options, nodes[i], *identity, lies, ports[2 * i], ports[2 * i + 1]);
    if (!status.ok()) return status;
  }
  if (const std::string problem = Roster::Problem(nodes, options.parameters); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  Roster roster(1, std::move(nodes), options.parameters);
  absl::Status status = CreateFile(options.directory + "/roster.yaml", RenderRoster(roster));
  if (status.ok()) {
    status = CreateFile(options.directory + "/" + kScript,
                        LyingScript(options.attack, options.lie));
  }
  if (!status.ok()) return status;
  return roster;
}

}  // namespace

absl::StatusOr<ScratchCouncil> ScratchCouncil::Start(const ScratchOptions& options,
                                                     const Interrupted& interrupted) {
  const auto ports = FreePorts(2 * options.nodes.size());
  if (!ports.ok()) return ports.status();
  absl::StatusOr<Roster> roster = WriteFiles(options, *ports);
  if (!roster.ok()) return roster.status();
  ScratchCouncil council(*std::move(roster));
  council.liars_ = options.liars;
  absl::Status status = council.StartDaemons(options, *ports);
  if (status.ok()) status = council.WaitUntilLinked(interrupted);
  if (!status.ok()) return status;
  return council;
}

absl::Status ScratchCouncil::StartDaemons(const ScratchOptions& options,
                                          const std::vector<int>& ports) {
  for (int i = 0; i < roster_.n(); ++i) {
    const NodeIndex index{static_cast<uint16_t>(i)};
    const bool lies = liars_.contains(index);
    const bool hostile = lies && BreaksProtocol(options.attack);
    const std::string folder = FolderOf(options, roster_.node(index));
    std::vector<std::string> arguments;
    if (hostile) arguments = {"--attack", std::string(WordsOf(options.attack).name)};
    logs_.push_back(folder + "/daemon.log");
    auto daemon =
        DaemonProcess::Start(hostile ? options.liar_program : options.honest_program,
                             folder + "/node.yaml", logs_.back(), arguments);
    if (!daemon.ok()) return daemon.status();
    daemons_.push_back(*std::move(daemon));
    if (lies) continue;
    client_ports_.push_back(ports[2 * static_cast<size_t>(i) + 1]);
    const NodeTarget target{Loopback(client_ports_.back()), false};
    honest_.push_back(std::make_unique<CouncilClient>(target, ""));
  }
  return absl::OkStatus();
}

// Silent liars are linked, and never seen to live.
bool ScratchCouncil::IsLinked(CouncilClient& client) const {
  const auto status = client.GetStatus();
  if (!status.ok() || !status->voting() || status->reachable() < honest_.size()) return false;
  const auto peers = client.ListPeers();
  if (!peers.ok()) return false;
  return std::ranges::all_of(peers->peers(), [&](const client::v1::Peer& peer) {
    return peer.linked() || peer.index() == status->index();
  });
}

// First that it listens at all: a gRPC channel that was refused takes seconds to try again.
absl::Status ScratchCouncil::WaitUntilLinked(const Interrupted& interrupted) {
  for (size_t i = 0; i < honest_.size(); ++i) {
    absl::Status status = WaitUntil([&] { return Listens(client_ports_[i]); }, interrupted);
    if (status.ok()) status = WaitUntil([&] { return IsLinked(*honest_[i]); }, interrupted);
    if (absl::IsDeadlineExceeded(status)) {
      return absl::DeadlineExceededError(absl::StrCat(
          "waited ", absl::FormatDuration(kPatience), " in vain until the node at ",
          honest_[i]->address(), " reaches the others; see its log with --keep"));
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ScratchCouncil::WaitUntil(const std::function<bool()>& ready,
                                       const Interrupted& interrupted) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!ready()) {
    if (interrupted()) return absl::CancelledError("interrupted");
    if (absl::Status status = Running(); !status.ok()) return status;
    if (absl::Now() > deadline) return absl::DeadlineExceededError("");
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

absl::Status ScratchCouncil::Running() {
  for (size_t i = 0; i < daemons_.size(); ++i) {
    if (daemons_[i].Running().ok()) continue;
    return absl::UnavailableError(absl::StrCat("a node of the drill ended: ", LastLine(logs_[i])));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::set<NodeIndex>> ScratchCouncil::Convicted() {
  std::set<NodeIndex> convicted;
  for (const auto& client : honest_) {
    const auto evidence = client->ListEvidence({});
    if (!evidence.ok()) return evidence.status();
    for (const auto& proof : evidence->evidence()) {
      convicted.insert(NodeIndex{static_cast<uint16_t>(proof.author())});
    }
  }
  return convicted;
}

absl::StatusOr<uint64_t> ScratchCouncil::FaultsOfLiars() {
  uint64_t faults = 0;
  for (const auto& client : honest_) {
    const auto peers = client->ListPeers();
    if (!peers.ok()) return peers.status();
    for (const auto& peer : peers->peers()) {
      if (!liars_.contains(NodeIndex{static_cast<uint16_t>(peer.index())})) continue;
      for (const auto& [kind, count] : peer.faults()) faults += count;
    }
  }
  return faults;
}

}  // namespace decentd::drill
