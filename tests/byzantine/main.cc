// A daemon that attacks its council, for the end-to-end tests.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "node/config/node_config.h"
#include "node/daemon/daemon.h"
#include "tests/byzantine/hostile_links.h"

int main(int argc, char** argv) {
  using decentd::testing::Attack;
  CLI::App app("A decentd that attacks its council. For tests only.", "byzantine_decentd");
  std::string path;
  Attack attack = Attack::kForge;
  const std::map<std::string, Attack> attacks = {{"forge", Attack::kForge},
                                                 {"equivocate", Attack::kEquivocate}};
  app.add_option("--config", path, "The node's configuration")->required();
  app.add_option("--attack", attack, "forge or equivocate")
      ->required()
      ->transform(CLI::CheckedTransformer(attacks));
  CLI11_PARSE(app, argc, argv);

  auto loaded = decentd::LoadNodeConfig(path);
  if (!loaded.ok()) {
    std::cerr << loaded.status().message() << "\n";
    return 1;
  }
  decentd::DaemonOptions options;
  options.config = std::move(loaded->config);
  options.version = "byzantine";
  options.wrap_links = [attack](decentd::Links& real, const decentd::Signer& identity,
                                const decentd::Roster& roster, decentd::NodeIndex self) {
    return decentd::testing::MakeHostileLinks(attack, real, identity, roster, self);
  };
  decentd::BlockStopSignals();
  const absl::Status status = decentd::RunDaemon(options);
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 1;
}
