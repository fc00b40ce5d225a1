// decentctl db: is a node's database sound, make one that can be opened of a damaged one, give space
// back.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "node/config/roster_file.h"
#include "node/config/text.h"
#include "node/runtime/binding.h"
#include "node/runtime/database_check.h"
#include "storage/rocksdb_store.h"
#include "tools/decentctl/node_files.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

struct DatabaseArguments : NodeFiles {
  bool json = false, yes = false;
};

RocksDbOptions OptionsOf(const NodeConfig& config) {
  RocksDbOptions options;
  options.path = config.data_directory;
  options.program = "decentctl db";
  return options;
}

// Whoever opens a database makes files in it, which its node must be able to open.
absl::Status CheckOwner(const std::string& directory) {
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("there is no database ", directory, ": ",
                                            std::strerror(errno)));
  }
  if (info.st_uid == geteuid()) return absl::OkStatus();
  const passwd* owner = getpwuid(info.st_uid);
  const std::string name = owner != nullptr ? owner->pw_name : std::to_string(info.st_uid);
  return absl::FailedPreconditionError(
      absl::StrCat(directory, " belongs to the user ", name, ": run this as that user, e.g. with "
                   "'sudo -u ", name, " decentctl db ...'"));
}

nlohmann::ordered_json ToJson(const DatabaseReport& report) {
  return {{"sound", report.problems.empty()},
          {"rounds", report.rounds},
          {"open_rounds", report.open_rounds},
          {"evidence", report.evidence},
          {"not_a_nodes", report.not_a_nodes},
          {"halted", report.halted},
          {"problems", report.problems}};
}

ExitCode Report(const DatabaseReport& report, const DatabaseArguments& arguments,
                const Context& context) {
  if (arguments.json) {
    context.out << ToJson(report).dump(2, ' ', false,
                                       nlohmann::ordered_json::error_handler_t::replace)
                << "\n";
  } else {
    context.out << report.rounds << " finished rounds with a proof that holds, "
                << report.open_rounds << " open ones, " << report.evidence
                << " pieces of evidence.\n";
  }
  for (const std::string& problem : report.problems) {
    context.Fail(ExitCode::kError, PrintableLine(problem));
  }
  if (!report.not_a_nodes.empty()) {
    context.Warn("this database " + PrintableLine(report.not_a_nodes) +
                 "; a node starts with it once it is told to, with --accept-lost-database");
  }
  if (!report.halted.empty()) {
    context.Warn("its node stopped voting: " + PrintableLine(report.halted));
  }
  return report.problems.empty() ? ExitCode::kOk : ExitCode::kError;
}

ExitCode RunCheck(const DatabaseArguments& arguments, const Context& context) {
  const absl::StatusOr<NodeConfig> config = LoadNode(arguments);
  if (!config.ok()) return FailOfNode(config.status(), context);
  const absl::StatusOr<Roster> roster = LoadRoster(config->roster);
  if (!roster.ok()) return FailOfNode(roster.status(), context);
  if (const absl::Status owner = CheckOwner(config->data_directory); !owner.ok()) {
    return FailOfNode(owner, context);
  }
  const auto store = OpenRocksDbStore(OptionsOf(*config));
  if (!store.ok()) return context.Fail(ExitCode::kError, MessageOf(store.status()));
  if (const absl::Status files = (*store)->CheckFiles(); !files.ok()) {
    return context.Fail(ExitCode::kError,
                        absl::StrCat(std::string(files.message()),
                                     "; 'decentctl db repair' keeps what can be read, a backup may "
                                     "hold more"));
  }
  const bool show = isatty(STDERR_FILENO) != 0;
  const auto report = CheckDatabase(**store, *roster, [&](uint64_t records) {
    if (show) context.err << "\r" << records << " records " << std::flush;
  });
  if (show) context.err << "\r";
  if (!report.ok()) return context.Fail(ExitCode::kError, MessageOf(report.status()));
  return Report(*report, arguments, context);
}

ExitCode RunRepair(const DatabaseArguments& arguments, const Context& context) {
  const absl::StatusOr<NodeConfig> config = LoadNode(arguments);
  if (!config.ok()) return FailOfNode(config.status(), context);
  if (!arguments.yes) {
    return context.Fail(
        ExitCode::kUsage,
        absl::StrCat("a repair throws away what cannot be read, for good: copy ",
                     config->data_directory, " somewhere first, then give --yes"));
  }
  if (const absl::Status owner = CheckOwner(config->data_directory); !owner.ok()) {
    return FailOfNode(owner, context);
  }
  const absl::Status status = RepairRocksDb(OptionsOf(*config), RepairMark(absl::ToUnixMillis(absl::Now())));
  if (!status.ok()) return context.Fail(ExitCode::kError, MessageOf(status));
  context.out << "What could be read is kept. 'decentctl db check' says what that is; the node starts "
                 "once with --accept-lost-database, and sits out the questions that were open.\n";
  return ExitCode::kOk;
}

ExitCode RunCompact(const DatabaseArguments& arguments, const Context& context) {
  const auto node = ConnectToNode(arguments);
  if (!node.ok()) return FailOfNode(node.status(), context);
  const auto bytes = node->Compact();
  if (!bytes.ok()) return FailOfNode(bytes.status(), context);
  if (arguments.json) {
    context.out << nlohmann::json{{"bytes_before", bytes->first}, {"bytes_after", bytes->second}}
                << "\n";
  } else {
    context.out << FormatBytes(bytes->first) << " before, " << FormatBytes(bytes->second)
                << " after.\n";
  }
  return ExitCode::kOk;
}

}  // namespace

void AddDatabaseCommands(CLI::App& app, Context& context) {
  CLI::App* db = app.add_subcommand("db", "Check, repair and compact a node's database");
  db->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto action) {
    auto arguments = std::make_shared<DatabaseArguments>();
    CLI::App* command = db->add_subcommand(name, help);
    AddNodeFiles(command, *arguments);
    SetAction(command, context,
              [&context, arguments, action] { return action(*arguments, context); });
    return std::pair(command, arguments);
  };
  {
    const auto [check, arguments] =
        add("check", "Read and verify every file, proof and journal; the node must not run",
            RunCheck);
    check->add_flag("--json", arguments->json, "As JSON");
    SetExamples(check, {"decentctl db check --dir alice",
                        "decentctl db check --config /etc/decentd/node.yaml --json"});
  }
  {
    const auto [repair, arguments] = add(
        "repair", "Keep what can still be read of a damaged database; the node must not run",
        RunRepair);
    repair->add_flag("--yes", arguments->yes, "What cannot be read may be thrown away");
    SetExamples(repair, {"decentctl db repair --dir alice --yes"});
  }
  {
    const auto [compact, arguments] = add(
        "compact", "Give the space of what was deleted back to the disk; the node runs", RunCompact);
    compact->add_flag("--json", arguments->json, "As JSON");
    SetExamples(compact, {"decentctl db compact --dir alice"});
  }
}

}  // namespace decentd
