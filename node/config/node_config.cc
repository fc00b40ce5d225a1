#include "node/config/node_config.h"

#include <limits>
#include <set>
#include <utility>

#include "node/config/files.h"
#include "node/config/key_limits.h"
#include "node/config/model_config.h"
#include "node/config/text.h"
#include "node/config/units.h"
#include "node/config/yaml_document.h"

namespace decentd {
namespace {

constexpr int64_t kMaxRounds = 1'000'000'000;
constexpr uint64_t kMaxAgeMs = 100ull * 365 * 24 * 60 * 60 * 1'000;

std::optional<HostPort> ReadListen(MapReader& reader, std::string& out, Need need) {
  reader.String("listen", out, need);
  if (out.empty()) return std::nullopt;
  const absl::StatusOr<HostPort> address = ParseHostPort(out, /*allow_any_port=*/true);
  if (address.ok()) return *address;
  reader.ProblemAt("listen", MessageOf(address.status()));
  return std::nullopt;
}

// TLS files come in pairs, and what other machines reach needs them unless the file says otherwise.
template <class Server>
void ReadTls(MapReader& reader, const std::optional<HostPort>& listen, Server& server) {
  reader.Path("tls_certificate", server.tls_certificate, Need::kOptional);
  reader.Path("tls_key", server.tls_key, Need::kOptional);
  reader.Bool("insecure", server.insecure, Need::kOptional);
  if (server.tls_certificate.empty() != server.tls_key.empty()) {
    reader.ProblemAt(server.tls_key.empty() ? "tls_certificate" : "tls_key",
                     "tls_certificate and tls_key go together; give both or none");
  } else if (listen && !IsLoopback(listen->host) && server.tls_key.empty() && !server.insecure) {
    reader.ProblemAt("listen",
                     "other machines reach this address and there is no TLS; give "
                     "tls_certificate and tls_key, listen on 127.0.0.1, or, behind a proxy that "
                     "ends TLS, set insecure: true");
  }
}

void ReadAllowedKeys(MapReader& reader, std::vector<PublicKey>& out) {
  if (!reader.Has("allowed_keys")) {
    reader.List("allowed_keys", "client keys", Need::kOptional);
    reader.report().Note(reader.PathOf("allowed_keys"), "every client", nullptr);
    return;
  }
  const YamlValue* list = reader.List("allowed_keys",
                                      "client keys (leave it out to let every "
                                      "client submit)",
                                      Need::kOptional);
  std::set<PublicKey> seen;
  for (size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const YamlValue& item = list->items[i];
    const std::optional<PublicKey> key = PublicKey::FromHex(item.text);
    if (!key) {
      reader.report().Problem(item, Concat(reader.PathOf("allowed_keys"),
                                           ": expected a public key of 64 hexadecimal digits, as "
                                           "'decentctl client init' prints it"));
    } else if (!seen.insert(*key).second) {
      reader.report().Problem(item,
                              Concat(reader.PathOf("allowed_keys"), ": this key is listed before"));
    } else {
      out.push_back(*key);
    }
  }
  reader.report().Note(reader.PathOf("allowed_keys"), Concat(out.size(), " keys"),
                       reader.ValueOf("allowed_keys"));
}

void ReadClients(MapReader reader, ClientApiConfig& clients) {
  const auto listen = ReadListen(reader, clients.listen, Need::kOptional);
  ReadTls(reader, listen, clients);
  ReadAllowedKeys(reader, clients.allowed_keys);
  reader.Number("requests_per_minute", clients.requests_per_minute, 0, 1'000'000, Need::kOptional);
  reader.Number("rounds_in_flight", clients.rounds_in_flight, 0, 1'000'000, Need::kOptional);
  reader.Finish();
}

void ReadGateway(MapReader reader, GatewayConfig& gateway) {
  if (reader.value() != nullptr) gateway.listen = "127.0.0.1:8480";
  const auto listen = ReadListen(reader, gateway.listen, Need::kOptional);
  reader.Path("api_keys", gateway.api_keys_file, Need::kOptional);
  reader.String("api_keys_env", gateway.api_keys_env, Need::kOptional);
  if (!gateway.api_keys_env.empty() && !gateway.api_keys_file.empty()) {
    reader.ProblemAt("api_keys_env", "give api_keys or api_keys_env, not both");
  }
  reader.Bool("insecure", gateway.insecure, Need::kOptional);
  for (const KeyLimit& limit : kKeyLimits) {
    reader.Number(limit.name, gateway.limits.*limit.value, limit.least, limit.most,
                  Need::kOptional);
  }
  reader.Duration("longest_wait", gateway.longest_wait_ms, 1'000, 24 * 60 * 60 * 1'000,
                  Need::kOptional);
  reader.Number("connections", gateway.connections, 1, 10'000, Need::kOptional);
  if (listen && !IsLoopback(listen->host)) {
    if (gateway.api_keys_file.empty() && gateway.api_keys_env.empty()) {
      reader.ProblemAt("listen",
                       "other machines reach this address and no API key is asked for; give "
                       "api_keys, or listen on 127.0.0.1");
    } else if (!gateway.insecure) {
      reader.ProblemAt("listen",
                       "other machines reach this address and the gateway has no TLS; listen on "
                       "127.0.0.1 behind a proxy that ends TLS, or set insecure: true");
    }
  }
  reader.Finish();
}

void ReadLimits(MapReader reader, LimitsConfig& limits) {
  reader.Number("rounds_open", limits.rounds_open, 1, 1'000'000, Need::kOptional);
  reader.Number("model_calls_waiting", limits.model_calls_waiting, 1, 1'000'000, Need::kOptional);
  reader.Finish();
}

void ReadRetention(MapReader reader, RetentionConfig& retention) {
  reader.Number("rounds", retention.rounds, 0, kMaxRounds, Need::kOptional);
  reader.Duration("age", retention.age_ms, 0, kMaxAgeMs, Need::kOptional);
  reader.Finish();
}

void ReadLog(MapReader reader, LogConfig& log) {
  const auto level =
      reader.Word("level", {"debug", "info", "warn", "error"}, "info", Need::kOptional);
  if (level == "debug") log.level = LogLevel::kDebug;
  if (level == "warn") log.level = LogLevel::kWarn;
  if (level == "error") log.level = LogLevel::kError;
  const auto format = reader.Word("format", {"text", "json"}, "text", Need::kOptional);
  if (format == "json") log.format = LogFormat::kJson;
  reader.Finish();
}

NodeConfig ReadNode(MapReader& reader) {
  NodeConfig config;
  reader.String("name", config.name, Need::kRequired);
  if (const absl::Status name = CheckNodeName(config.name); !config.name.empty() && !name.ok()) {
    reader.ProblemAt("name", MessageOf(name));
  }
  reader.Path("identity_key", config.identity_key, Need::kRequired);
  reader.Path("passphrase_file", config.passphrase_file, Need::kOptional);
  reader.Path("data_directory", config.data_directory, Need::kRequired);
  reader.Path("roster", config.roster, Need::kRequired);
  MapReader peers = reader.Map("peers", Need::kOptional);
  ReadListen(peers, config.peers_listen, Need::kRequired);
  peers.Finish();
  ReadClients(reader.Map("clients", Need::kOptional), config.clients);
  ReadGateway(reader.Map("gateway", Need::kOptional), config.gateway);
  ReadModels(reader.Map("models", Need::kOptional), config);
  ReadLimits(reader.Map("limits", Need::kOptional), config.limits);
  ReadRetention(reader.Map("retention", Need::kOptional), config.retention);
  MapReader metrics = reader.Map("metrics", Need::kOptional);
  ReadListen(metrics, config.metrics_listen, Need::kOptional);
  metrics.Finish();
  ReadLog(reader.Map("log", Need::kOptional), config.log);
  reader.Finish();
  return config;
}

}  // namespace

absl::StatusOr<LoadedNodeConfig> ParseNodeConfig(std::string_view text, const std::string& file) {
  const absl::StatusOr<YamlValue> document = ParseYaml(text, file);
  if (!document.ok()) return document.status();
  ReadReport report(file);
  MapReader reader(&*document, "", report);
  NodeConfig config = ReadNode(reader);
  const absl::Status status = report.ToStatus();
  if (!status.ok()) return status;
  return LoadedNodeConfig{std::move(config), report.settings()};
}

absl::StatusOr<LoadedNodeConfig> LoadNodeConfig(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  return ParseNodeConfig(*text, path);
}

}  // namespace decentd
