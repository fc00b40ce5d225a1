// decentctl doctor: is everything that a node needs as it should be, and what to do where it is not.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "node/config/node_check.h"
#include "node/config/roster_file.h"
#include "tools/decentctl/doctor/machine.h"
#include "tools/decentctl/doctor/models.h"
#include "tools/decentctl/node_files.h"
#include "tools/decentctl/online_commands.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

using doctor::Finding;
using doctor::Findings;
using doctor::State;

struct DoctorArguments : NodeFiles {
  bool deep = false, json = false;
};

const char* Word(State state) {
  switch (state) {
    case State::kOk:
      return "ok";
    case State::kWarning:
      return "warning";
    case State::kFailure:
      return "FAILURE";
    case State::kNotLooked:
      break;
  }
  return "not looked at";
}

void Append(Findings more, Findings* findings) {
  std::ranges::move(more, std::back_inserter(*findings));
}

Findings LookAtFiles(const NodeConfig& config) {
  const NodeCheck check = CheckNode(config, ProcessEnvironment());
  Findings findings;
  for (const std::string& problem : check.problems) {
    findings.push_back({State::kFailure, "configuration", problem, "the node does not start like this"});
  }
  for (const std::string& warning : check.warnings) {
    findings.push_back({State::kWarning, "configuration", warning, ""});
  }
  if (findings.empty()) {
    findings.push_back({State::kOk, "configuration", "node.yaml, key and roster fit together", ""});
  }
  return findings;
}

Finding LookAtNode(const absl::StatusOr<NodeHealth>& health) {
  if (!health.ok()) {
    return {State::kWarning, "node", std::string(health.status().message()),
            "start it with 'decentd --config'; its log says why where it does not start"};
  }
  const std::string reach = absl::StrCat(health->reachable, " of ", health->nodes,
                                         " nodes reachable, ", health->needed, " needed");
  if (!health->voting) {
    return {State::kFailure, "node",
            absl::StrCat("runs and does not vote: ", PrintableLine(health->not_voting_because)),
            "docs/OPERATIONS.md has a paragraph for each reason"};
  }
  if (health->reachable < health->needed) {
    return {State::kFailure, "node", absl::StrCat("votes; ", reach),
            "rounds wait until more nodes are there: see the ports below, and ask their operators"};
  }
  return {State::kOk, "node", absl::StrCat("runs and votes; ", reach), ""};
}

// A question carries an expiry, and a watermark is a time: both by this node's clock.
Finding LookAtPeersClocks(const absl::StatusOr<NodeHealth>& health) {
  constexpr double kWarnMs = 2'000, kFailMs = 60'000;
  if (!health.ok() || !health->clock_offset_ms) {
    return {State::kNotLooked, "clock and peers", "too few peers have said what their clocks show", ""};
  }
  const double offset = *health->clock_offset_ms;
  const double size = std::abs(offset);
  return {size >= kFailMs ? State::kFailure : size >= kWarnMs ? State::kWarning : State::kOk,
          "clock and peers",
          absl::StrFormat("the peers' clocks are %.3f s %s this one", size / 1000,
                          offset < 0 ? "behind" : "ahead of"),
          size < kWarnMs ? ""
                         : "set this machine's clock by a time server (chrony, systemd-timesyncd); "
                           "if it is right, tell the peers' operators: minutes of difference make "
                           "nodes refuse each other's questions"};
}

ExitCode RunDoctor(const DoctorArguments& arguments, const Context& context) {
  const absl::StatusOr<NodeConfig> config = LoadNode(arguments);
  if (!config.ok()) return FailOfNode(config.status(), context);
  Findings findings = LookAtFiles(*config);
  findings.push_back(doctor::LookAtKey(config->identity_key));
  const auto node = ControlClient::For(config->data_directory);
  const absl::StatusOr<NodeHealth> health = node.ok() ? node->Health() : node.status();
  findings.push_back(LookAtNode(health));
  findings.push_back(doctor::LookAtSpace(config->data_directory));
  findings.push_back(doctor::LookAtSyncTime(config->data_directory));
  findings.push_back(doctor::LookAtClock());
  findings.push_back(LookAtPeersClocks(health));
  const absl::StatusOr<Roster> roster = LoadRoster(config->roster);
  if (roster.ok()) Append(doctor::LookAtPorts(*roster, config->name), &findings);
  if (!arguments.deep) {
    findings.push_back({State::kNotLooked, "models", "not asked; --deep asks them", ""});
  } else if (roster.ok()) {
    context.err << "Asking the models ...\n";
    Append(doctor::AskModels(*config, *roster), &findings);
  }

  const bool failed = std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.state == State::kFailure; });
  if (arguments.json) {
    nlohmann::ordered_json json = {{"ok", !failed}, {"findings", nlohmann::ordered_json::array()}};
    for (const Finding& finding : findings) {
      json["findings"].push_back({{"state", Word(finding.state)},
                                  {"subject", finding.subject},
                                  {"detail", finding.detail},
                                  {"advice", finding.advice}});
    }
    context.out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                << "\n";
  } else {
    for (const Finding& finding : findings) {
      context.out << absl::StrCat(Word(finding.state), ": ", finding.subject, ": ",
                                  PrintableLine(finding.detail), "\n");
      if (!finding.advice.empty()) context.out << "    " << finding.advice << "\n";
    }
  }
  return failed ? ExitCode::kError : ExitCode::kOk;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<DoctorArguments>();
  CLI::App* command =
      app.add_subcommand("doctor", "Look for what is wrong with a node, and say what to do");
  AddNodeFiles(command, *arguments);
  command->add_flag("--deep", arguments->deep,
                    "Ask the node's models to answer, and to tell a right answer from an absurd one");
  command->add_flag("--json", arguments->json, "As JSON");
  SetExamples(command, {"decentctl doctor --dir alice", "decentctl doctor --dir alice --deep",
                        "decentctl doctor --config /etc/decentd/node.yaml --json"});
  SetAction(command, context, [arguments, &context] { return RunDoctor(*arguments, context); });
}

}  // namespace decentd
