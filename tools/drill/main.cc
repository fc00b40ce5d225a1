// decentd-drill: one node that attacks its council. Started by `decentctl drill` and by tests, on
// clusters made for that.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "node/config/node_config.h"
#include "node/daemon/daemon.h"
#include "tools/drill/copier.h"
#include "tools/drill/hostile_links.h"

namespace decentd::drill {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h

void AttackLinks(LinkAttack attack, DaemonOptions& options) {
  options.wrap_links = [attack](Links& real, const Signer& identity, const Roster& roster,
                                NodeIndex self) {
    return MakeHostileLinks(attack, real, identity, roster, self);
  };
}

void Copy(DaemonOptions& options) {
  const auto copier = std::make_shared<Copier*>(nullptr);  // the daemon owns it
  options.make_models = [copier](const Roster& roster) {
    auto made = std::make_unique<Copier>(roster);
    *copier = made.get();
    return made;
  };
  options.wrap_receiver = [copier](LinkReceiver& real) { return (*copier)->ListenBefore(real); };
}

int Main(int argc, char** argv) {
  CLI::App app("A decentd that attacks its council; for drills and tests only.", "decentd-drill");
  std::string path, attack;
  const std::map<std::string, LinkAttack> link_attacks = {{"fork", LinkAttack::kFork},
                                                          {"garbage", LinkAttack::kGarbage},
                                                          {"silent", LinkAttack::kSilent}};
  app.add_option("--config", path, "The node's configuration")->required();
  app.add_option("--attack", attack, "fork, garbage, silent or copy")
      ->required()
      ->check(CLI::IsMember({"fork", "garbage", "silent", "copy"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;  // EX_USAGE
  }

  auto loaded = LoadNodeConfig(path);
  if (!loaded.ok()) {
    std::cerr << "decentd-drill: error: " << loaded.status().message() << "\n";
    return kExitConfiguration;
  }
  DaemonOptions options;
  options.config = std::move(loaded->config);
  options.version = "drill";
  if (const auto found = link_attacks.find(attack); found != link_attacks.end()) {
    AttackLinks(found->second, options);
  } else {
    Copy(options);
  }
  BlockStopSignals();
  const absl::Status status = RunDaemon(options);
  if (status.ok()) return 0;
  std::cerr << "decentd-drill: error: " << status.message() << "\n";
  return kExitFailed;
}

}  // namespace
}  // namespace decentd::drill

int main(int argc, char** argv) { return decentd::drill::Main(argc, argv); }
