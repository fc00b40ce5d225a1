// client.yaml: whom decentctl asks, whom it believes and how it signs. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/config/node_config.h"

namespace decentd {

struct ClientConfig {
  std::vector<std::string> nodes;  // client addresses host:port, tried in this order
  std::string roster;              // what proofs are checked against; empty = none
  std::string key = "client.key";
  std::string passphrase_file;  // of an encrypted client key; empty = none or asked for
  bool tls = false;             // the nodes' client addresses speak TLS
  std::string tls_authority;    // PEM of the authority that signed them; empty = the system's
};

struct LoadedClientConfig {
  ClientConfig config;
  std::vector<Setting> settings;
};

// INVALID_ARGUMENT holds one line "file:line:column: message" for each problem. Paths in the file
// are relative to it and joined when it is read.
absl::StatusOr<LoadedClientConfig> ParseClientConfig(std::string_view text,
                                                     const std::string& file);
absl::StatusOr<LoadedClientConfig> LoadClientConfig(const std::string& path);

// The file with comments, as `client init` writes it.
std::string RenderClientConfig(const ClientConfig& config);

// ~/.config/decentd (XDG_CONFIG_HOME respected), or empty without a home.
std::string UserConfigDirectory(const Environment& environment);

// The file to use: `flag` (--config) where not empty, else $DECENTD_CLIENT_CONFIG, else
// ./client.yaml where it is there, else client.yaml in UserConfigDirectory. NOT_FOUND names all
// places that were looked at and the way to make one.
absl::StatusOr<std::string> FindClientConfig(const std::string& flag,
                                             const Environment& environment);

}  // namespace decentd
