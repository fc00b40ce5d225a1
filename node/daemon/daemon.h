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

// What puts an adversary in a node's place, for tests and drills.
// The links of a node; `real` outlives what is returned.
using WrapLinks = std::function<std::unique_ptr<Links>(
    Links& real, const Signer& identity, const Roster& roster, NodeIndex self)>;
// Who hears what peers say before the node does; likewise.
using WrapReceiver = std::function<std::unique_ptr<LinkReceiver>(LinkReceiver& real)>;
// In place of the configuration's models. Called before the other two, and gone after the links.
using ModelsMaker = std::function<std::unique_ptr<Models>(const Roster& roster)>;

struct DaemonOptions {
  NodeConfig config;
  // The database is lost or old: bind anew and sit out what may have been voted in.
  bool accept_lost_database = false;
  std::string version;

  // The daemon leaves them empty.
  WrapLinks wrap_links;
  WrapReceiver wrap_receiver;
  ModelsMaker make_models;
};

// Runs until SIGINT or SIGTERM. REQUIRES: those two are blocked in every thread of the process
// (BlockStopSignals), and no other daemon runs in the process. An error says why it could not start.
absl::Status RunDaemon(const DaemonOptions& options);

void BlockStopSignals();

}  // namespace decentd
