// The file that holds an identity: a few lines of text, mode 0600, the public key in clear, the
// secret in clear or under a passphrase (Argon2id, then XSalsa20-Poly1305). Nodes and clients use
// the same format. Functions are thread-safe; they block on the disk and on Argon2id.
//
// A passphrase is taken as an rvalue and wiped where it lies; empty means none.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/ed25519_signer.h"

namespace decentd {

// Writes a new file, durable on return. ALREADY_EXISTS when there is one: a key is never
// overwritten. Otherwise the error of the disk, and no file is left.
absl::Status CreateKeyFile(const std::string& path, const Ed25519Identity& identity,
                           std::string&& passphrase);

struct KeyFileInfo {
  PublicKey public_key;
  bool encrypted = false;
};

// What can be read without a passphrase. Errors as of LoadKeyFile.
absl::StatusOr<KeyFileInfo> ReadKeyFileInfo(const std::string& path);

// NOT_FOUND, FAILED_PRECONDITION when a passphrase is needed and none is given, PERMISSION_DENIED
// when it is wrong, INVALID_ARGUMENT when others may read the file or it is no key file of a
// version that is known, DATA_LOSS when it is one but damaged. Given for a file without, a
// passphrase is wiped and ignored.
absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadKeyFile(const std::string& path,
                                                             std::string&& passphrase);

// Replaces the file at once or not at all; empty strings mean none before or none after. Errors as
// of LoadKeyFile and of the disk.
absl::Status ChangePassphrase(const std::string& path, std::string&& old_passphrase,
                              std::string&& new_passphrase);

}  // namespace decentd
