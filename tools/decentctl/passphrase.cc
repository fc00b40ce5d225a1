#include "tools/decentctl/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "crypto/keyfile.h"
#include "crypto/secret_bytes.h"
#include "node/config/files.h"

namespace decentd {
namespace {

constexpr size_t kMaxPassphraseBytes = 1024;

// The terminal of the session, with its echo off for as long as this lives.
class SilentTerminal {
 public:
  SilentTerminal() : descriptor_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (descriptor_ < 0 || tcgetattr(descriptor_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silenced_ = tcsetattr(descriptor_, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (silenced_) tcsetattr(descriptor_, TCSAFLUSH, &before_);
    if (descriptor_ >= 0) close(descriptor_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool ok() const { return silenced_; }

  bool Show(std::string_view text) const {
    return write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }

  // False at the end of input and for a line that is too long.
  bool ReadLine(std::string& line) const {
    line.reserve(kMaxPassphraseBytes);  // so that no copy is left behind by growing
    while (line.size() < kMaxPassphraseBytes) {
      char c = 0;
      const ssize_t got = read(descriptor_, &c, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      if (c == '\n') return true;
      line += c;
    }
    return false;
  }

 private:
  int descriptor_;
  termios before_{};
  bool silenced_ = false;
};

}  // namespace

void AddNewPassphraseOptions(CLI::App* command, NewPassphrase& options) {
  CLI::Option* file = command->add_option(
      "--passphrase-file", options.file,
      "Encrypt the key with the passphrase on the first line of this file (mode 0600)");
  command->add_flag("--passphrase", options.prompt, "Encrypt the key; ask for the passphrase")
      ->excludes(file);
}

absl::StatusOr<std::string> AskPassphrase(const std::string& prompt) {
  SilentTerminal terminal;
  if (!terminal.ok()) {
    return absl::FailedPreconditionError(
        "a passphrase is needed and there is no terminal to ask at; give it in a file with mode "
        "0600 and the option --passphrase-file");
  }
  std::string line;
  const bool read = terminal.Show(prompt) && terminal.ReadLine(line);
  terminal.Show("\n");
  if (!read) {
    WipeString(line);
    return absl::InvalidArgumentError("no passphrase was typed");
  }
  return line;
}

absl::StatusOr<std::string> GetNewPassphrase(const NewPassphrase& options) {
  if (!options.file.empty()) return ReadSecretFile(options.file);
  if (!options.prompt) return "";
  absl::StatusOr<std::string> first = AskPassphrase("New passphrase: ");
  if (!first.ok()) return first;
  if (first->empty()) {
    return absl::InvalidArgumentError(
        "the passphrase is empty; type one, or leave out --passphrase for a key without");
  }
  absl::StatusOr<std::string> second = AskPassphrase("Once more: ");
  const bool same = second.ok() && *first == *second;
  if (second.ok()) WipeString(*second);
  if (same) return first;
  WipeString(*first);
  return second.ok() ? absl::InvalidArgumentError("the two passphrases differ; nothing was changed")
                     : second.status();
}

absl::StatusOr<std::string> GetPassphraseOf(const std::string& key_path, const std::string& file) {
  const absl::StatusOr<KeyFileInfo> info = ReadKeyFileInfo(key_path);
  if (!info.ok()) return info.status();
  if (!info->encrypted) return "";
  if (!file.empty()) return ReadSecretFile(file);
  return AskPassphrase("Passphrase of " + key_path + ": ");
}

absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadIdentity(const std::string& key_path,
                                                              const std::string& passphrase_file) {
  absl::StatusOr<std::string> passphrase = GetPassphraseOf(key_path, passphrase_file);
  if (!passphrase.ok()) return passphrase.status();
  return LoadKeyFile(key_path, std::move(*passphrase));
}

}  // namespace decentd
