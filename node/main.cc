// decentd: one node of a council.
#include <CLI/CLI.hpp>
#include <iostream>

#include "node/config/node_check.h"
#include "node/config/node_config.h"
#include "node/control/control_client.h"
#include "node/daemon/daemon.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;          // EX_USAGE of sysexits.h
constexpr int kExitConfiguration = 78;  // EX_CONFIG

bool IsComplete(const decentd::NodeConfig& config) {
  const decentd::NodeCheck check = decentd::CheckNode(config, decentd::ProcessEnvironment());
  for (const std::string& line : check.problems) std::cerr << "decentd: error: " << line << "\n";
  for (const std::string& line : check.warnings) std::cerr << "decentd: warning: " << line << "\n";
  return check.problems.empty();
}

int Health(const decentd::NodeConfig& config) {
  const auto node = decentd::ControlClient::For(config.data_directory);
  const auto health = node.ok() ? node->Health() : node.status();
  if (!health.ok()) {
    std::cerr << "decentd: error: " << health.status().message() << "\n";
    return kExitFailed;
  }
  std::cout << health->name << (health->voting ? " votes" : " does not vote: ")
            << health->not_voting_because << "; " << health->reachable << " of " << health->nodes
            << " nodes reachable, " << health->needed << " needed\n";
  return health->voting ? 0 : kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One node of a council of language-model agents that has no leader.", "decentd");
  std::string path = "node.yaml";
  bool check = false, health = false;
  decentd::DaemonOptions options;
  options.version = DECENTD_VERSION;
  app.add_option("--config", path, "The node's configuration")->capture_default_str();
  app.add_flag("--check-config", check, "Say whether configuration, key and roster fit, and exit");
  app.add_flag("--health", health,
               "Ask the node that runs with this configuration on this machine whether it votes")
      ->excludes("--check-config");
  app.add_flag("--accept-lost-database", options.accept_lost_database,
               "The database of this key is lost or an old copy: start with what is there, and sit "
               "out every question that may have been open before. Once; it cannot be undone");
  app.set_version_flag("--version", std::string("decentd ") + DECENTD_VERSION);
  app.footer(
      "Runs in the foreground, logs to standard error, stops on SIGTERM.\n\n"
      "Examples:\n"
      "  decentctl init --dir alice --name alice --address alice.example.org:7400\n"
      "  decentd --config alice/node.yaml --check-config\n"
      "  decentd --config alice/node.yaml\n"
      "  decentd --config alice/node.yaml --health\n\n"
      "Exit status:\n"
      "   0  stopped on request, or healthy\n"
      "   1  could not start or run, or not healthy\n"
      "  64  wrong command line\n"
      "  78  wrong configuration file, roster or key\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "decentd: error: " << error.what() << "\n"
              << "Run 'decentd --help' for what it takes.\n";
    return kExitUsage;
  }

  auto loaded = decentd::LoadNodeConfig(path);
  if (!loaded.ok()) {
    std::cerr << "decentd: error: " << loaded.status().message() << "\n";
    return kExitConfiguration;
  }
  if (health) return Health(loaded->config);
  // Before every start too: systemd does not try again what ends with 78.
  if (!IsComplete(loaded->config)) return kExitConfiguration;
  if (check) {
    std::cout << "the configuration of " << loaded->config.name << " is complete\n";
    return 0;
  }
  options.config = std::move(loaded->config);
  decentd::BlockStopSignals();
  const absl::Status status = decentd::RunDaemon(options);
  if (status.ok()) return 0;
  std::cerr << "decentd: error: " << status.message() << "\n";
  return kExitFailed;
}
