#include "node/config/client_config.h"

#include <filesystem>
#include <utility>

#include "node/config/files.h"
#include "node/config/text.h"
#include "node/config/units.h"
#include "node/config/yaml_document.h"

namespace decentd {
namespace {

constexpr std::string_view kFileName = "client.yaml";
constexpr const char* kVariable = "DECENTD_CLIENT_CONFIG";

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

absl::StatusOr<LoadedClientConfig> ParseClientConfig(std::string_view text,
                                                     const std::string& file) {
  const absl::StatusOr<YamlValue> document = ParseYaml(text, file);
  if (!document.ok()) return document.status();
  ReadReport report(file);
  MapReader reader(&*document, "", report);
  ClientConfig config;
  reader.Strings("nodes", config.nodes, Need::kRequired);
  for (size_t i = 0; i < config.nodes.size(); ++i) {
    const absl::Status address = ParseHostPort(config.nodes[i]).status();
    if (!address.ok()) {
      report.Problem(reader.ValueOf("nodes")->items[i], Concat("nodes: ", MessageOf(address)));
    }
  }
  reader.Path("roster", config.roster, Need::kOptional);
  reader.Path("key", config.key, Need::kRequired);
  reader.Path("passphrase_file", config.passphrase_file, Need::kOptional);
  reader.Bool("tls", config.tls, Need::kOptional);
  reader.Path("tls_authority", config.tls_authority, Need::kOptional);
  if (!config.tls && !config.tls_authority.empty()) {
    reader.ProblemAt("tls_authority", "is of no use without tls: true");
  }
  reader.Finish();
  const absl::Status status = report.ToStatus();
  if (!status.ok()) return status;
  return LoadedClientConfig{std::move(config), report.settings()};
}

absl::StatusOr<LoadedClientConfig> LoadClientConfig(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  return ParseClientConfig(*text, path);
}

std::string RenderClientConfig(const ClientConfig& config) {
  std::string nodes;
  for (const std::string& node : config.nodes) Append(nodes, "  - ", YamlScalar(node), "\n");
  const auto line = [](std::string_view key, const std::string& value, std::string_view example) {
    return value.empty() ? Concat("# ", key, ": ", example, "\n")
                         : Concat(key, ": ", YamlScalar(value), "\n");
  };
  return Concat(
      "# Whom decentctl asks. Paths are relative to this file.\n\n"
      "# Client addresses of nodes (clients.listen of their node.yaml), tried in this order.\n"
      "nodes:\n",
      nodes,
      "\n# The cluster's roster: proofs are checked against it. Get it from an operator you "
      "trust;\n"
      "# without it decentctl can only say that a proof is consistent in itself.\n",
      line("roster", config.roster, "roster.yaml"),
      "\n# The key that signs your questions ('decentctl client init' made it; mode 0600).\n",
      "key: ", YamlScalar(config.key), "\n",
      line("passphrase_file", config.passphrase_file, "passphrase"),
      "\n# Whether the nodes' client addresses speak TLS, and the authority that signed their\n"
      "# certificates where that is not one of the system's.\n",
      "tls: ", config.tls ? "true" : "false", "\n",
      line("tls_authority", config.tls_authority, "authority.pem"));
}

std::string UserConfigDirectory(const Environment& environment) {
  const std::optional<std::string> configured = environment("XDG_CONFIG_HOME");
  if (configured && configured->starts_with("/")) return *configured + "/decentd";
  const std::optional<std::string> home = environment("HOME");
  if (home && !home->empty()) return *home + "/.config/decentd";
  return "";
}

absl::StatusOr<std::string> FindClientConfig(const std::string& flag,
                                             const Environment& environment) {
  if (!flag.empty()) return flag;
  const std::optional<std::string> variable = environment(kVariable);
  if (variable && !variable->empty()) return *variable;
  std::string looked = Concat("./", kFileName);
  if (IsThere(std::string(kFileName))) return std::string(kFileName);
  const std::string directory = UserConfigDirectory(environment);
  if (!directory.empty()) {
    const std::string path = Concat(directory, "/", kFileName);
    if (IsThere(path)) return path;
    Append(looked, " and ", path);
  }
  return absl::NotFoundError(Concat("no client configuration: neither --config nor $", kVariable,
                                    " is set, and ", looked, " ", directory.empty() ? "is" : "are",
                                    " not there; run 'decentctl client init' to make one"));
}

}  // namespace decentd
