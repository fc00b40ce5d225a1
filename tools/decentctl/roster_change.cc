// decentctl roster adopt, retire and status: a roster's way into running nodes and out of them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "node/core/limits.h"
#include "tools/decentctl/bundle_report.h"
#include "tools/decentctl/node_files.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/online_setup.h"
#include "tools/decentctl/terminal_text.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

using Json = nlohmann::ordered_json;

struct ChangeArguments : NodeFiles {
  std::string roster;
  bool now = false, anyway = false, json = false;
};

struct StatusArguments : OnlineOptions {
  bool json = false;
};

// Nodes that a round takes.
uint32_t Needed(uint32_t nodes) {
  return nodes - static_cast<uint32_t>(limits::Faulty(static_cast<int>(nodes)));
}

std::string ShortId(const std::string& hex) { return hex.substr(0, 12); }

ExitCode Show(const absl::StatusOr<NodeRoster>& roster, const ChangeArguments& arguments,
              const Context& context) {
  if (!roster.ok()) return FailOfNode(roster.status(), context);
  if (arguments.json) {
    context.out << DumpJson({{"cluster_id", roster->cluster_id},
                             {"epoch", roster->epoch},
                             {"state", roster->state},
                             {"n", roster->nodes},
                             {"quorum", roster->quorum},
                             {"reached", roster->reached},
                             {"rounds_open", roster->rounds_open}});
    return ExitCode::kOk;
  }
  context.out << "roster of epoch " << roster->epoch << " (" << ShortId(roster->cluster_id)
              << "): " << roster->state;
  if (roster->state == "closing") {
    context.out << ", takes no more questions; " << roster->rounds_open
                << " open. It ends by itself when no round of it can be open anywhere, or with --now";
  } else if (roster->state == "active") {
    context.out << " here and at " << (roster->reached.empty() ? 0 : roster->reached.size() - 1)
                << " of the " << roster->nodes - 1 << " others so far; "
                << FormatCount(Needed(roster->nodes), "node") << " can decide";
  }
  context.out << "\n";
  return ExitCode::kOk;
}

ExitCode RunAdopt(const ChangeArguments& arguments, const Context& context) {
  // Read here, so that its mistakes are told with the file's name and line.
  const absl::StatusOr<Roster> roster = LoadRoster(arguments.roster);
  if (!roster.ok()) return context.Fail(roster.status());
  const auto node = ConnectToNode(arguments);
  if (!node.ok()) return FailOfNode(node.status(), context);
  const absl::StatusOr<NodeRoster> adopted = node->AdoptRoster(RenderRoster(*roster));
  const ExitCode shown = Show(adopted, arguments, context);
  if (shown == ExitCode::kOk) {
    context.err << "Where it is new, the node takes questions of it beside those of the one before. "
                   "See 'decentctl roster status'; when enough nodes serve it, give clients its "
                   "file and run 'decentctl roster retire'.\n";
  }
  return shown;
}

ExitCode RunRetire(const ChangeArguments& arguments, const Context& context) {
  const auto node = ConnectToNode(arguments);
  if (!node.ok()) return FailOfNode(node.status(), context);
  const absl::StatusOr<NodeRoster> retired = node->RetireRoster(arguments.now, arguments.anyway);
  const ExitCode shown = Show(retired, arguments, context);
  if (shown == ExitCode::kOk) {
    context.err << "Put the new roster's file where node.yaml names one, for the next start.\n";
  }
  return shown;
}

std::vector<std::string> Names(const google::protobuf::RepeatedPtrField<std::string>& names) {
  return {names.begin(), names.end()};
}

Json ToJson(const client::v1::RosterStatus& roster) {
  const std::optional<Digest> id = Digest::FromBytes(roster.cluster_id());
  return {{"cluster_id", id ? id->Hex() : ""},
          {"epoch", roster.epoch()},
          {"state", roster.state()},
          {"since_unix_ms", roster.since_unix_ms()},
          {"n", roster.n()},
          {"quorum", roster.quorum()},
          {"reached", Names(roster.reached())},
          {"missing", Names(roster.missing())},
          {"rounds_open", roster.rounds_open()}};
}

ExitCode RunStatus(const StatusArguments& arguments, Context& context) {
  const absl::StatusOr<OnlineSetup> setup = SetUpOnline(arguments);
  if (!setup.ok()) {
    return context.Fail(ExitCode::kConfiguration, std::string(setup.status().message()));
  }
  std::string node;
  const auto status =
      AskInTurn<client::v1::NodeStatus>(setup->clients, [&](CouncilClient& client) {
        node = client.address();
        return client.GetStatus();
      });
  if (!status.ok()) {
    return context.Fail(ExitCodeFor(status.status()), std::string(status.status().message()));
  }
  if (arguments.json) {
    Json rosters = Json::array();
    for (const auto& roster : status->rosters()) rosters.push_back(ToJson(roster));
    context.out << DumpJson({{"node", node}, {"name", status->name()}, {"rosters", rosters}});
    return ExitCode::kOk;
  }
  using Align = TextTable::Align;
  TextTable table({{"epoch", Align::kRight},
                   {"cluster"},
                   {"state"},
                   {"since"},
                   {"nodes that serve it"},
                   {"not yet, or away"},
                   {"open", Align::kRight}});
  for (const auto& roster : status->rosters()) {
    const std::optional<Digest> id = Digest::FromBytes(roster.cluster_id());
    const bool served = roster.n() > 0;
    table.Add({absl::StrCat(roster.epoch()), id ? ShortId(id->Hex()) : "", roster.state(),
               TimeText(roster.since_unix_ms()),
               served ? absl::StrCat(roster.reached_size(), " of ", roster.n(), ", ",
                                     Needed(roster.n()), " decide")
                      : "-",
               roster.missing_size() == 0 ? "-" : absl::StrJoin(roster.missing(), ", "),
               served ? absl::StrCat(roster.rounds_open()) : "-"});
  }
  context.out << "as " << node << " sees them\n" << table.ToString();
  return ExitCode::kOk;
}

}  // namespace

void AddRosterChangeCommands(CLI::App& app, Context& context) {
  CLI::App* roster = app.get_subcommand("roster");
  const auto arguments = std::make_shared<ChangeArguments>();
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = roster->add_subcommand(name, help);
    AddNodeFiles(command, *arguments);
    command->add_flag("--json", arguments->json, "As JSON");
    return command;
  };

  CLI::App* adopt = add("adopt", "Let a running node serve a new roster beside the present one");
  adopt->add_option("ROSTER", arguments->roster, "The new roster's file")->required();
  SetExamples(adopt, {"decentctl roster adopt next.yaml --dir alice"});
  SetAction(adopt, context, [arguments, &context] { return RunAdopt(*arguments, context); });

  CLI::App* retire = add("retire", "Let a running node take no more questions of the old roster");
  retire->add_flag("--now", arguments->now,
                   "End it at once: what is open in it here is given up undecided");
  retire->add_flag("--anyway", arguments->anyway,
                   "Also where too few nodes serve the new roster to decide");
  SetExamples(retire, {"decentctl roster retire --dir alice",
                       "decentctl roster retire --now --dir alice"});
  SetAction(retire, context, [arguments, &context] { return RunRetire(*arguments, context); });

  const auto online = std::make_shared<StatusArguments>();
  CLI::App* status =
      roster->add_subcommand("status", "Show which rosters a node serves, and who else does");
  AddOnlineOptions(status, *online);
  status->add_flag("--json", online->json, "One JSON document on standard output");
  SetExamples(status, {"decentctl roster status", "decentctl roster status --node 127.0.0.1:8400"});
  SetAction(status, context, [online, &context] { return RunStatus(*online, context); });
}

}  // namespace decentd
