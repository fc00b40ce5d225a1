#include "tools/decentctl/client_key.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/keyfile.h"
#include "node/config/files.h"
#include "node/config/node_config.h"

namespace decentd {

absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadClientKey(
    const std::optional<ClientConfig>& config, const std::string& config_flag) {
  if (!config) {
    // Says where it was looked for.
    const auto path = FindClientConfig(config_flag, ProcessEnvironment());
    return absl::NotFoundError(absl::StrCat("a question is signed with the client's key: ",
                                            std::string(path.status().message())));
  }
  const absl::StatusOr<KeyFileInfo> info = ReadKeyFileInfo(config->key);
  if (!info.ok()) return info.status();
  std::string passphrase;
  if (info->encrypted) {
    if (config->passphrase_file.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the client's key ", config->key, " has a passphrase: put it in a file of ",
                       "mode 0600 and name that as passphrase_file in client.yaml"));
    }
    absl::StatusOr<std::string> read = ReadSecretFile(config->passphrase_file);
    if (!read.ok()) return read.status();
    passphrase = *std::move(read);
  }
  return LoadKeyFile(config->key, std::move(passphrase));
}

}  // namespace decentd
