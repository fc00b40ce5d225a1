// Passphrases from a file or typed at the terminal; never from the command line, where everyone on
// the machine could read them.
#pragma once

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "crypto/ed25519_signer.h"

namespace decentd {

// How a command was told to get a new key's passphrase.
struct NewPassphrase {
  std::string file;     // --passphrase-file
  bool prompt = false;  // --passphrase
};

// Adds --passphrase-file and --passphrase, which exclude each other.
void AddNewPassphraseOptions(CLI::App* command, NewPassphrase& options);

// The passphrase asked for, or empty for none. Typed passphrases are asked for twice.
absl::StatusOr<std::string> GetNewPassphrase(const NewPassphrase& options);

// One line typed at the terminal without showing it. FAILED_PRECONDITION without a terminal.
absl::StatusOr<std::string> AskPassphrase(const std::string& prompt);

// The passphrase of an existing key file: empty where it has none, from `file` where that is not
// empty, else typed.
absl::StatusOr<std::string> GetPassphraseOf(const std::string& key_path, const std::string& file);

// Loads a key, asking for its passphrase where it has one and `passphrase_file` is empty.
absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadIdentity(const std::string& key_path,
                                                              const std::string& passphrase_file);

}  // namespace decentd
