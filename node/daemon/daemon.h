// Wires the rooms into one running node: configuration, key, store, models, replica, links, client
// API. The only place that knows them all.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "crypto/signer.h"
#include "node/config/node_config.h"
#include "node/core/roster.h"
#include "node/llm/models.h"
#include "node/transport/links.h"

namespace decentd {

struct DaemonOptions {
  NodeConfig config;
  // The database is lost or old: bind anew and sit out what may have been voted in.
  bool accept_lost_database = false;
  std::string version;

  // What puts an adversary in the node's place, for tests and drills; decentd leaves all of it empty.
  // The links of the node, and who hears what peers say before it does; both outlive the node.
  std::function<std::unique_ptr<Links>(Links& real, const Signer& identity, const Roster& roster,
                                       NodeIndex self)>
      wrap_links;
  std::function<std::unique_ptr<LinkReceiver>(LinkReceiver& real)> wrap_receiver;
  // In place of the configuration's models; called before the other two, gone after the links.
  std::function<std::unique_ptr<Models>(const Roster& roster)> make_models;
};

// Runs until SIGINT or SIGTERM. REQUIRES: those two are blocked in every thread of the process
// (BlockStopSignals), and no other daemon runs in the process. An error says why it could not start.
absl::Status RunDaemon(const DaemonOptions& options);

void BlockStopSignals();

}  // namespace decentd
