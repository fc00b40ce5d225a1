// decentctl status and peers: what nodes say of themselves and of each other.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/online_setup.h"
#include "tools/decentctl/round_progress.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

struct NodeOptions : OnlineOptions {
  bool json = false;
};

std::string Hex(const std::string& bytes) {
  const std::optional<Digest> digest = Digest::FromBytes(bytes);
  return digest ? digest->Hex() : "";
}

// Those that are served; decentctl roster status says more.
Json RostersOf(const client::v1::NodeStatus& s) {
  Json rosters = Json::array();
  for (const auto& roster : s.rosters()) {
    if (roster.n() == 0) continue;
    rosters.push_back({{"epoch", roster.epoch()},
                       {"cluster_id", Hex(roster.cluster_id())},
                       {"state", roster.state()},
                       {"reachable", roster.reached_size()}});
  }
  return rosters;
}

Json ToJson(const client::v1::NodeStatus& s, const std::string& address) {
  return {{"address", address},
          {"reached", true},
          {"name", s.name()},
          {"index", s.index()},
          {"version", s.version()},
          {"cluster_id", Hex(s.cluster_id())},
          {"n", s.n()},
          {"f", s.f()},
          {"quorum", s.quorum()},
          {"reachable", s.reachable()},
          {"voting", s.voting()},
          {"not_voting_because", s.not_voting_because()},
          {"rounds_open", s.rounds_open()},
          {"rounds_stored", s.rounds_stored()},
          {"store_bytes", s.store_bytes()},
          {"signatures_verified", s.signatures_verified()},
          {"synced_writes", s.synced_writes()},
          {"bytes_written", s.bytes_written()},
          {"evidence", s.evidence()},
          {"started_unix_ms", s.started_unix_ms()},
          {"epoch", s.epoch()},
          {"rosters", RostersOf(s)}};
}

std::string Describe(const client::v1::NodeStatus& s, const std::string& address) {
  std::string text =
      absl::StrCat(PrintableLine(s.name()), " (", address, "), node ", s.index(), " of ", s.n(),
                   ", decentd ", PrintableLine(s.version()), ", up for ",
                   DurationText(absl::Now() - absl::FromUnixMillis(s.started_unix_ms())), "\n");
  absl::StrAppend(&text, "  cluster    ", Hex(s.cluster_id()), ", epoch ", s.epoch(), "\n");
  for (const auto& roster : s.rosters()) {
    if (roster.n() == 0 || roster.cluster_id() == s.cluster_id()) continue;
    absl::StrAppend(&text, "  beside it  epoch ", roster.epoch(), " ", roster.state(), ", ",
                    roster.reached_size(), " of ", roster.n(),
                    " nodes reachable: see 'decentctl roster status'\n");
  }
  absl::StrAppend(&text, "  council    ", s.reachable(), " of ", s.n(), " nodes reachable, quorum ",
                  s.quorum(), ", up to ", s.f(), " may be faulty",
                  s.reachable() < s.n() - s.f() ? ": too few to go on" : "", "\n");
  absl::StrAppend(&text, "  voting     ",
                  s.voting() ? "yes" : absl::StrCat("no: ", PrintableLine(s.not_voting_because())),
                  "\n");
  absl::StrAppend(&text, "  rounds     ", s.rounds_open(), " open, ", s.rounds_stored(),
                  " stored in ", FormatBytes(s.store_bytes()), "\n");
  absl::StrAppend(&text, "  work       ", FormatCount(s.signatures_verified(), "signature"),
                  " verified, ", FormatCount(s.synced_writes(), "synced write"), ", ",
                  FormatBytes(s.bytes_written()), " written\n");
  absl::StrAppend(&text, "  evidence   ", s.evidence(),
                  s.evidence() == 0 ? "" : ": see 'decentctl evidence ls'", "\n");
  return text;
}

bool TakesQuestionsOf(const client::v1::NodeStatus& status, const Roster& roster) {
  const std::string_view id = roster.cluster_id().View();
  return status.cluster_id() == id ||
         std::ranges::any_of(status.rosters(), [&](const client::v1::RosterStatus& one) {
           return one.cluster_id() == id && one.state() == "active";
         });
}

ExitCode Status(Context& context, const NodeOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  Json nodes = Json::array();
  std::vector<std::pair<std::string, absl::Status>> failures;
  for (const auto& client : setup->clients) {
    const absl::StatusOr<client::v1::NodeStatus> status = client->GetStatus();
    if (!status.ok()) {
      failures.emplace_back(client->address(), status.status());
      nodes.push_back({{"address", client->address()},
                       {"reached", false},
                       {"error", std::string(status.status().message())}});
      continue;
    }
    if (setup->roster && !TakesQuestionsOf(*status, *setup->roster)) {
      context.Warn(absl::StrCat(client->address(), " takes questions of epoch ", status->epoch(),
                                " (", Hex(status->cluster_id()), "), your roster is of epoch ",
                                setup->roster->epoch(), " (", setup->roster->cluster_id().Hex(),
                                "): get its file from an operator that you trust"));
    }
    nodes.push_back(ToJson(*status, client->address()));
    if (!options.json) context.out << Describe(*status, client->address());
  }
  if (options.json) context.out << DumpJson({{"nodes", nodes}});
  if (failures.size() == setup->clients.size()) {
    return context.Fail(ExitCodeFor(failures.front().second), JoinReasons(failures));
  }
  for (const auto& failure : failures) context.Warn(JoinReasons({failure}));
  return ExitCode::kOk;
}

ExitCode Peers(Context& context, const NodeOptions& options) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(options);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  std::string node;
  const auto reply =
      AskInTurn<client::v1::ListPeersResponse>(setup->clients, [&](CouncilClient& client) {
        node = client.address();
        return client.ListPeers();
      });
  if (!reply.ok()) {
    return context.Fail(ExitCodeFor(reply.status()), std::string(reply.status().message()));
  }
  if (options.json) {
    Json json = {{"node", node}, {"peers", Json::array()}};
    for (const client::v1::Peer& peer : reply->peers()) {
      Json entry = {
          {"index", peer.index()},
          {"name", peer.name()},
          {"epoch", peer.epoch()},
          {"linked", peer.linked()},
          {"state", peer.state()},
          {"detail", peer.detail()},
          {"address", peer.address()},
          {"version", peer.version()},
          {"round_trip_ms", nullptr},
          {"bytes_sent", peer.bytes_sent()},
          {"bytes_received", peer.bytes_received()},
          {"frames_sent", peer.frames_sent()},
          {"frames_received", peer.frames_received()},
          {"frames_dropped", peer.frames_dropped()},
          {"faults", std::map<std::string, uint64_t>(peer.faults().begin(), peer.faults().end())},
          {"last_seen_unix_ms", peer.last_seen_unix_ms()}};
      if (peer.has_round_trip_ms()) entry["round_trip_ms"] = peer.round_trip_ms();
      json["peers"].push_back(std::move(entry));
    }
    context.out << DumpJson(json);
    return ExitCode::kOk;
  }
  using Align = TextTable::Align;
  TextTable table({{"peer"},
                   {"epoch", Align::kRight},
                   {"state"},
                   {"address"},
                   {"version"},
                   {"round trip", Align::kRight},
                   {"sent", Align::kRight},
                   {"received", Align::kRight},
                   {"dropped", Align::kRight},
                   {"faults"},
                   {"last seen"}});
  for (const client::v1::Peer& peer : reply->peers()) {
    std::string faults;
    for (const auto& [kind, count] :
         std::map<std::string, uint64_t>(peer.faults().begin(), peer.faults().end())) {
      absl::StrAppend(&faults, faults.empty() ? "" : ", ", kind, " ", count);
    }
    table.Add(
        {peer.name().empty() ? absl::StrCat("node ", peer.index()) : peer.name(),
         absl::StrCat(peer.epoch()),
         peer.detail().empty() ? peer.state() : absl::StrCat(peer.state(), ": ", peer.detail()),
         peer.address(), peer.version(),
         peer.has_round_trip_ms() ? absl::StrFormat("%.1f ms", peer.round_trip_ms()) : "-",
         FormatBytes(peer.bytes_sent()), FormatBytes(peer.bytes_received()),
         absl::StrCat(peer.frames_dropped()), faults.empty() ? "-" : faults,
         TimeText(peer.last_seen_unix_ms())});
  }
  context.out << "as " << node << " sees them\n" << table.ToString();
  return ExitCode::kOk;
}

}  // namespace

void AddNodeCommands(CLI::App& app, Context& context) {
  const auto add = [&](CLI::App* parent, const char* name, const char* help, auto action) {
    auto options = std::make_shared<NodeOptions>();
    CLI::App* command = parent->add_subcommand(name, help);
    AddOnlineOptions(command, *options);
    SetAction(command, context, [&context, options, action] { return action(context, *options); });
    return std::pair(command, options);
  };
  constexpr const char* kJsonHelp = "One JSON document on standard output";
  {
    const auto [status, options] = add(&app, "status", "Show how nodes are", Status);
    status->add_flag("--json", options->json, kJsonHelp);
    SetExamples(status, {"decentctl status", "decentctl status --node 127.0.0.1:7100 --json"});
  }
  {
    const auto [peers, options] = add(&app, "peers", "Show a node's links to its peers", Peers);
    peers->add_flag("--json", options->json, kJsonHelp);
    SetExamples(peers, {"decentctl peers", "decentctl peers --node 127.0.0.1:7100 --json"});
  }
}

}  // namespace decentd
