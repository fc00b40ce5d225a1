#include "node/daemon/daemon.h"

#include <malloc.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "crypto/keyfile.h"
#include "crypto/tls_identity.h"
#include "node/api/client_server.h"
#include "node/codec/verifier.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "node/control/control_server.h"
#include "node/daemon/control_actions.h"
#include "node/daemon/logging.h"
#include "node/daemon/model_config.h"
#include "node/daemon/service_manager.h"
#include "node/llm/make_models.h"
#include "node/metrics/metrics.h"
#include "node/runtime/binding.h"
#include "node/runtime/driver.h"
#include "node/transport/grpc_links.h"
#include "storage/rocksdb_store.h"

namespace decentd {
namespace {

// Between a node's clock and the latest expiry that another may have accepted.
constexpr int64_t kWatermarkMarginMs = 10 * 60 * 1000;

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// Where systemd watches the service it is told at each interval that the node works, if it does.
int WaitForStopSignal(const std::function<bool()>& works) {
  const sigset_t signals = StopSignals();
  int signal = 0;
  const std::optional<std::chrono::milliseconds> interval = WatchdogInterval();
  if (!interval) {
    sigwait(&signals, &signal);
    return signal;
  }
  const timespec wait{interval->count() / 1'000, interval->count() % 1'000 * 1'000'000};
  while ((signal = sigtimedwait(&signals, nullptr, &wait)) <= 0) {
    if (works()) NotifyWorking();
  }
  return signal;
}

absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadKey(const NodeConfig& config) {
  std::string passphrase;
  if (!config.passphrase_file.empty()) {
    absl::StatusOr<std::string> read = ReadSecretFile(config.passphrase_file);
    if (!read.ok()) return read.status();
    passphrase = *std::move(read);
  }
  return LoadKeyFile(config.identity_key, std::move(passphrase));
}

std::string BindingFile(const NodeConfig& config) {
  return (std::filesystem::path(config.identity_key).parent_path() / "identity.binding").string();
}

absl::StatusOr<uint64_t> BindDatabase(const DaemonOptions& options, const Roster& roster,
                                      Store& store) {
  const std::string file = BindingFile(options.config);
  if (!options.accept_lost_database) return Bind(store, file);
  const int64_t watermark = absl::ToUnixMillis(absl::Now()) + kWatermarkMarginMs +
                            static_cast<int64_t>(roster.parameters().longest_lifetime_ms);
  return AcceptLostDatabase(store, file, watermark);
}

PeerInfo ToPeerInfo(const Roster& roster, PeerState state,
                    const std::map<NodeIndex, std::map<std::string, uint64_t>>& faults) {
  PeerInfo info;
  info.index = state.peer;
  info.name = roster.node(state.peer).name;
  info.linked = state.linked;
  info.state = std::move(state.state);
  info.detail = std::move(state.detail);
  info.address = std::move(state.address);
  info.version = std::move(state.version);
  if (state.round_trip_ms >= 0) info.round_trip_ms = state.round_trip_ms;
  info.bytes_sent = state.bytes_sent;
  info.bytes_received = state.bytes_received;
  info.frames_sent = state.frames_sent;
  info.frames_received = state.frames_received;
  info.frames_dropped = state.frames_dropped;
  info.last_seen_unix_ms = state.last_seen_unix_ms;
  if (auto it = faults.find(state.peer); it != faults.end()) info.faults = it->second;
  return info;
}

ClientServerOptions ToServerOptions(const ClientApiConfig& config) {
  ClientServerOptions options;
  options.listen = config.listen;
  options.tls_certificate_file = config.tls_certificate;
  options.tls_key_file = config.tls_key;
  options.insecure = config.insecure;
  options.allowed_clients.insert(config.allowed_keys.begin(), config.allowed_keys.end());
  options.requests_per_minute = config.requests_per_minute;
  options.rounds_in_flight = config.rounds_in_flight;
  return options;
}

std::string BackendName(const ModelBackend& backend) {
  if (std::holds_alternative<OpenAiBackend>(backend)) return "openai";
  return std::holds_alternative<ExecBackend>(backend) ? "exec" : "scripted";
}

BackendNames NamesOfBackends(const NodeConfig& config) {
  BackendNames names;
  if (config.answer_model) names.answer = BackendName(*config.answer_model);
  if (config.judge_model) names.judge = BackendName(config.judge_model->backend);
  return names;
}

std::vector<std::string> NodeNames(const Roster& roster) {
  std::vector<std::string> names;
  for (uint16_t i = 0; i < roster.n(); ++i) names.push_back(roster.node(NodeIndex{i}).name);
  return names;
}

absl::StatusOr<std::unique_ptr<Models>> MakeModels(const DaemonOptions& options,
                                                   const Roster& roster) {
  if (options.make_models) return options.make_models(roster);
  const absl::StatusOr<llm::ModelsConfig> config =
      MakeModelsConfig(options.config, ProcessEnvironment());
  if (!config.ok()) return config.status();
  return llm::MakeModels(*config);
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer or a model's program that goes away in the middle of a write is an error, not the end.
  signal(SIGPIPE, SIG_IGN);
  // Debian's Abseil looks for lock cycles at each lock that gRPC takes; that is for its developers.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

absl::Status RunDaemon(const DaemonOptions& options) {
  // Many small threads would each keep an arena of their own; a node idles in little memory.
  mallopt(M_ARENA_MAX, 2);
  const NodeConfig& config = options.config;
  const auto logger = MakeLogger(config.log, config.name);

  absl::StatusOr<std::unique_ptr<Ed25519Identity>> identity = LoadKey(config);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<Roster> roster = LoadRoster(config.roster);
  if (!roster.ok()) return roster.status();
  const std::optional<NodeIndex> self = roster->FindKey((*identity)->public_key());
  if (!self) {
    return absl::FailedPreconditionError(
        "the key of " + config.identity_key + " is not in " + config.roster +
        ": add this node's card there (decentctl card, decentctl roster add)");
  }

  RocksDbOptions database;
  database.path = config.data_directory;
  database.warn = [logger](const std::string& line) { logger->warn("database: {}", line); };
  absl::StatusOr<std::unique_ptr<DiskStore>> store = OpenRocksDbStore(database);
  if (!store.ok()) return store.status();
  absl::StatusOr<uint64_t> boot = BindDatabase(options, *roster, **store);
  if (!boot.ok()) return boot.status();

  absl::StatusOr<std::unique_ptr<Models>> models = MakeModels(options, *roster);
  if (!models.ok()) return models.status();
  absl::StatusOr<TlsIdentity> tls = MakeTlsIdentity(**identity);
  if (!tls.ok()) return tls.status();

  Metrics metrics(NodeNames(*roster));
  const std::unique_ptr<Store> timed_store = metrics.Timed(**store);
  const std::unique_ptr<Models> timed_models = metrics.Timed(**models, NamesOfBackends(config));
  const Verifier verifier(*roster, Ed25519Scheme());
  Driver driver(verifier, *timed_store, *timed_models, options.version,
                [logger](Driver::Severity severity, const std::string& line) {
                  logger->log(severity == Driver::Severity::kWarning ? spdlog::level::warn
                                                                     : spdlog::level::info,
                              line);
                });
  driver.ObserveEvents([&metrics](const RoundId& round, const RoundEvent& event) {
    metrics.OnEvent(round, event);
  });
  Replica::Options replica_options;
  replica_options.self = *self;
  replica_options.boot = *boot;
  replica_options.max_own_rounds = config.limits.rounds_open;
  replica_options.retention.rounds = config.retention.rounds;
  replica_options.retention.age_ms = static_cast<int64_t>(config.retention.age_ms);
  Output first;
  absl::StatusOr<std::unique_ptr<Replica>> replica =
      Replica::Recover(*roster, replica_options, **identity, verifier, *timed_store, Driver::Clock(),
                       &first);
  if (!replica.ok()) return replica.status();

  LinkOptions link_options;
  link_options.self = *self;
  link_options.roster = &*roster;
  link_options.listen_address = config.peers_listen;
  link_options.tls = *std::move(tls);
  link_options.boot = *boot;
  link_options.software_version = options.version;
  link_options.log = logger;
  std::unique_ptr<LinkReceiver> receiver;
  if (options.wrap_receiver) receiver = options.wrap_receiver(driver);
  link_options.receiver = receiver ? receiver.get() : &driver;
  absl::StatusOr<std::unique_ptr<GrpcLinks>> links = GrpcLinks::Start(std::move(link_options));
  if (!links.ok()) return links.status();
  std::unique_ptr<Links> wrapped;
  if (options.wrap_links) wrapped = options.wrap_links(**links, **identity, *roster, *self);
  driver.Start(*std::move(replica), std::move(first), wrapped ? *wrapped : **links);

  const PeerInfoProvider peers = [&] {
    const auto faults = driver.Faults();
    std::vector<PeerInfo> infos;
    for (PeerState& state : (*links)->States()) {
      infos.push_back(ToPeerInfo(*roster, std::move(state), faults));
    }
    return infos;
  };
  absl::StatusOr<std::unique_ptr<ClientServer>> clients =
      ClientServer::Start(ToServerOptions(config.clients), driver, verifier, peers);
  if (!clients.ok()) {
    driver.Stop();
    return clients.status();
  }
  metrics.Watch([&driver] { return driver.Status(); }, peers);
  if (!config.metrics_listen.empty()) {
    if (absl::Status status = metrics.Serve(config.metrics_listen); !status.ok()) {
      (*clients)->Shutdown();
      driver.Stop();
      return status;
    }
  }
  absl::StatusOr<std::unique_ptr<ControlServer>> control = ControlServer::Start(
      config.data_directory, MakeControlActions(driver, **store, logger));
  // The council does not depend on it.
  if (!control.ok()) {
    logger->warn("no control socket: {}", std::string(control.status().message()));
  }
  logger->info("ready: node {} of {}, cluster {}, peers at port {}, clients at {}", config.name,
               roster->n(), roster->cluster_id().Hex().substr(0, 16), (*links)->port(),
               (*clients)->address());

  NotifyReady("node " + config.name + " of " + std::to_string(roster->n()));
  const int signal = WaitForStopSignal([&driver] { return driver.Status().ok(); });
  NotifyStopping();
  logger->info("stops on {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  // From the outside in: clients, then what is under way made durable, then links and models.
  metrics.Stop();
  if (control.ok()) control->reset();
  (*clients)->Shutdown();
  driver.Stop();
  links->reset();
  models->reset();
  return absl::OkStatus();
}

}  // namespace decentd
