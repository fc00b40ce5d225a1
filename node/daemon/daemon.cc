#include "node/daemon/daemon.h"

#include <malloc.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "crypto/keyfile.h"
#include "crypto/tls_identity.h"
#include "node/api/client_server.h"
#include "node/config/files.h"
#include "node/config/roster_file.h"
#include "node/control/control_server.h"
#include "node/daemon/control_actions.h"
#include "node/daemon/file_limit.h"
#include "node/daemon/logging.h"
#include "node/daemon/model_config.h"
#include "node/daemon/seats.h"
#include "node/daemon/service_manager.h"
#include "node/gateway/gateway.h"
#include "node/llm/make_models.h"
#include "node/metrics/metrics.h"
#include "node/runtime/binding.h"
#include "node/runtime/seat_table.h"
#include "node/transport/peer_server.h"
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

constexpr std::chrono::milliseconds kMaintainEvery{5'000};

// Where systemd watches the service it is told at each interval that the node works, if it does.
int WaitForStopSignal(const std::function<bool()>& works, const std::function<void()>& maintain) {
  const sigset_t signals = StopSignals();
  const std::optional<std::chrono::milliseconds> interval = WatchdogInterval();
  const std::chrono::milliseconds every =
      std::min(interval.value_or(kMaintainEvery), kMaintainEvery);
  const timespec wait{every.count() / 1'000, every.count() % 1'000 * 1'000'000};
  int signal = 0;
  while ((signal = sigtimedwait(&signals, nullptr, &wait)) <= 0) {
    maintain();
    if (interval && works()) NotifyWorking();
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
  uint64_t lifetime = roster.parameters().longest_lifetime_ms;
  const absl::StatusOr<std::vector<SeatRecord>> adopted = seat_table::Read(store);
  if (!adopted.ok()) return adopted.status();
  for (const SeatRecord& record : *adopted) {
    lifetime = std::max(lifetime, record.roster.parameters().longest_lifetime_ms);
  }
  const int64_t watermark =
      absl::ToUnixMillis(absl::Now()) + kWatermarkMarginMs + static_cast<int64_t>(lifetime);
  return AcceptLostDatabase(store, file, watermark);
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

// The gateway asks with a key of its own, made at its first start: who may ask is its own matter.
absl::StatusOr<std::shared_ptr<const Signer>> GatewayKey(const NodeConfig& config) {
  const std::string file = (std::filesystem::path(config.data_directory) / "gateway.key").string();
  absl::StatusOr<std::unique_ptr<Ed25519Identity>> key = LoadKeyFile(file, "");
  if (absl::IsNotFound(key.status())) {
    key = NewEd25519Signer();
    if (absl::Status status = CreateKeyFile(file, **key, ""); !status.ok()) return status;
  }
  if (!key.ok()) return key.status();
  return std::shared_ptr<const Signer>(*std::move(key));
}

GatewayLimits ToGatewayLimits(const KeyLimits& limits) {
  return {.requests_per_minute = limits.requests_per_minute,
          .rounds_in_flight = limits.rounds_in_flight,
          .body_bytes = limits.body_bytes,
          .requests_at_once = limits.requests_at_once};
}

// Nothing where it is not configured.
absl::StatusOr<std::unique_ptr<Gateway>> StartGateway(
    const NodeConfig& config, Seats& seats, const PeerInfoProvider& peers, Metrics& metrics,
    const std::shared_ptr<spdlog::logger>& logger) {
  if (config.gateway.listen.empty()) return nullptr;
  GatewayOptions options;
  options.listen = config.gateway.listen;
  options.insecure = config.gateway.insecure;
  options.limits = ToGatewayLimits(config.gateway.limits);
  options.longest_wait = std::chrono::milliseconds(config.gateway.longest_wait_ms);
  options.connections = config.gateway.connections;
  const auto keys = GatewayApiKeys(config.gateway, ProcessEnvironment());
  if (!keys.ok()) return keys.status();
  for (const GatewayApiKey& known : *keys) {
    options.api_keys[known.digest] = ToGatewayLimits(known.limits);
  }
  absl::StatusOr<std::shared_ptr<const Signer>> key = GatewayKey(config);
  if (!key.ok()) return key.status();
  return Gateway::Start(
      options, *std::move(key),
      GatewayNode{
          seats, [&seats](const Envelope& envelope) { return seats.Check(envelope); },
          [&seats] { return seats.present(); }, peers, [&metrics] { return metrics.Text(); },
          [&metrics, logger](const std::string& method, const std::string& route, int status) {
            metrics.OnHttpReply(route, status);
            logger->debug("gateway: {} {} {}", method, route.empty() ? "(none)" : route, status);
          }});
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

  const bool gateway_on = !config.gateway.listen.empty();
  if (absl::Status status = RaiseFileLimit(gateway_on ? config.gateway.connections : 0);
      !status.ok()) {
    return status;
  }
  absl::StatusOr<std::unique_ptr<Ed25519Identity>> identity = LoadKey(config);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<Roster> roster = LoadRoster(config.roster);
  if (!roster.ok()) return roster.status();
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

  absl::StatusOr<std::unique_ptr<PeerServer>> server =
      PeerServer::Start({config.peers_listen, *tls, logger});
  if (!server.ok()) return server.status();

  Metrics metrics;
  const std::unique_ptr<Store> timed_store = metrics.Timed(**store);
  const std::unique_ptr<Models> timed_models = metrics.Timed(**models, NamesOfBackends(config));
  const SeatEnvironment environment{config,
                                    **identity,
                                    *tls,
                                    *boot,
                                    options.version,
                                    **server,
                                    **store,
                                    *timed_store,
                                    *timed_models,
                                    metrics,
                                    logger,
                                    options.wrap_links,
                                    options.wrap_receiver};
  absl::StatusOr<std::unique_ptr<Seats>> opened = Seats::Open(environment, *roster);
  if (!opened.ok()) return opened.status();
  Seats& seats = **opened;

  const PeerInfoProvider peers = [&seats] { return seats.Peers(); };
  absl::StatusOr<std::unique_ptr<Gateway>> gateway =
      StartGateway(config, seats, peers, metrics, logger);
  if (!gateway.ok()) return gateway.status();
  metrics.Watch([&seats] { return seats.Status(); }, peers);
  absl::Cleanup stop_metrics = [&metrics] { metrics.Stop(); };
  if (!config.metrics_listen.empty()) {
    if (absl::Status status = metrics.Serve(config.metrics_listen); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<ControlServer>> control =
      ControlServer::Start(config.data_directory, MakeControlActions(seats, **store, logger));
  // The council does not depend on it.
  if (!control.ok()) {
    logger->warn("no control socket: {}", std::string(control.status().message()));
  }
  // The last: who asks it whether the node is up finds everything else there.
  absl::StatusOr<std::unique_ptr<ClientServer>> clients = ClientServer::Start(
      ToServerOptions(config.clients), seats,
      [&seats](const Envelope& envelope) { return seats.Check(envelope); }, peers);
  if (!clients.ok()) return clients.status();
  const Roster present = seats.present();
  logger->info("ready: node {} of {}, cluster {}, peers at port {}, clients at {}", config.name,
               present.n(), present.cluster_id().Hex().substr(0, 16), (*server)->port(),
               (*clients)->address());

  if (*gateway) logger->info("gateway at http://{}", (*gateway)->address());

  NotifyReady("node " + config.name + " of " + std::to_string(present.n()));
  const int signal =
      WaitForStopSignal([&seats] { return seats.Status().ok(); }, [&seats] { seats.Maintain(); });
  NotifyStopping();
  logger->info("stops on {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  // From the outside in: clients, then what is under way made durable and links closed, then
  // models.
  std::move(stop_metrics).Invoke();
  if (control.ok()) control->reset();
  gateway->reset();
  (*clients)->Shutdown();
  seats.Stop();
  models->reset();
  return absl::OkStatus();
}

}  // namespace decentd
