// The key that signs a client's queries.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/ed25519_signer.h"
#include "node/config/client_config.h"

namespace decentd {

// The key that client.yaml names; its passphrase comes from the passphrase file, or is asked for
// on the terminal. `config_flag`: what --config said, for the message where there is no file.
absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadClientKey(
    const std::optional<ClientConfig>& config, const std::string& config_flag);

}  // namespace decentd
