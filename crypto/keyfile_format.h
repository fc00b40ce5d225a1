// The text of a key file, apart from the disk (crypto/keyfile.h). Internal to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/ed25519_signer.h"
#include "crypto/secret_bytes.h"

namespace decentd::keyfile {

// No key file is longer.
inline constexpr size_t kMaxBytes = 4096;

struct Parsed {
  PublicKey public_key;
  bool encrypted = false;
  uint64_t operations = 0;    // of Argon2id
  uint64_t memory_bytes = 0;  // of Argon2id
  std::vector<uint8_t> salt;
  std::vector<uint8_t> nonce;
  std::vector<uint8_t> box;            // the seed under the passphrase
  SecretBytes seed = SecretBytes(32);  // when not encrypted
};

// The text for this identity; may hold the secret, so the caller wipes it. RESOURCE_EXHAUSTED when
// there is not enough memory for Argon2id.
absl::StatusOr<std::string> Format(const Ed25519Identity& identity, absl::string_view passphrase);

// INVALID_ARGUMENT for a foreign file or an unknown version, DATA_LOSS for a damaged one.
absl::StatusOr<Parsed> Parse(absl::string_view text);

// Errors as of LoadKeyFile.
absl::StatusOr<std::unique_ptr<Ed25519Identity>> Open(const Parsed& parsed,
                                                      absl::string_view passphrase);

}  // namespace decentd::keyfile
