#include "crypto/keyfile.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "crypto/hex.h"
#include "crypto/keyfile_format.h"

namespace decentd {
namespace {

namespace fs = std::filesystem;

absl::Status DiskError(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

// The same code, with the file's name in front.
absl::Status About(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("the key file ", path, " ", status.message()));
}

// A name that was made or replaced survives a crash only once its directory is on disk.
absl::Status SyncDirectoryOf(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return DiskError("open the directory", directory);
  const int result = fsync(fd);
  const absl::Status status =
      result == 0 ? absl::OkStatus() : DiskError("sync the directory", directory);
  close(fd);
  return status;
}

// Makes `path` with this text, mode 0600 whatever the umask, synced. Leaves nothing on failure.
absl::Status WriteNew(const std::string& path, absl::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EEXIST) {
      return absl::AlreadyExistsError(absl::StrCat(
          path,
          " exists already and a key is never overwritten: choose another name, or move the "
          "old file away if its identity is no longer needed"));
    }
    return DiskError("create the key file", path);
  }
  absl::Status status;
  while (status.ok() && !text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (written < 0 && errno != EINTR) {
      status = DiskError("write the key file", path);
    }
  }
  if (status.ok() && fchmod(fd, 0600) != 0) status = DiskError("set the mode of", path);
  if (status.ok() && fsync(fd) != 0) status = DiskError("sync the key file", path);
  if (close(fd) != 0 && status.ok()) status = DiskError("close the key file", path);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

absl::StatusOr<keyfile::Parsed> ReadParsed(const std::string& path) {
  // Non-blocking, so that a named pipe in its place cannot hold up the start.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return DiskError("open the key file", path);
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat info {};
  if (fstat(fd, &info) != 0) return DiskError("examine the key file", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("the key file ", path, " is not a plain file"));
  }
  if ((info.st_mode & 077) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the key file %s may be read or written by other users (mode %04o): run "
                        "'chmod 600 %s', and consider whether somebody has read it",
                        path, info.st_mode & 07777, path));
  }
  SecretBytes text(keyfile::kMaxBytes + 1);
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError("read the key file", path);
    size += static_cast<size_t>(got);
  }
  auto parsed = keyfile::Parse(absl::string_view(reinterpret_cast<const char*>(text.data()), size));
  if (!parsed.ok()) return About(path, parsed.status());
  return parsed;
}

}  // namespace

absl::Status CreateKeyFile(const std::string& path, const Ed25519Identity& identity,
                           std::string&& passphrase) {
  auto text = keyfile::Format(identity, passphrase);
  WipeString(passphrase);
  if (!text.ok()) return text.status();
  absl::Status status = WriteNew(path, *text);
  WipeString(*text);
  if (!status.ok()) return status;
  status = SyncDirectoryOf(path);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

absl::StatusOr<KeyFileInfo> ReadKeyFileInfo(const std::string& path) {
  const auto parsed = ReadParsed(path);
  if (!parsed.ok()) return parsed.status();
  return KeyFileInfo{parsed->public_key, parsed->encrypted};
}

absl::StatusOr<std::unique_ptr<Ed25519Identity>> LoadKeyFile(const std::string& path,
                                                             std::string&& passphrase) {
  const absl::Cleanup wipe = [&passphrase] { WipeString(passphrase); };
  const auto parsed = ReadParsed(path);
  if (!parsed.ok()) return parsed.status();
  auto identity = keyfile::Open(*parsed, passphrase);
  if (!identity.ok()) return About(path, identity.status());
  return identity;
}

absl::Status ChangePassphrase(const std::string& path, std::string&& old_passphrase,
                              std::string&& new_passphrase) {
  const absl::Cleanup wipe = [&new_passphrase] { WipeString(new_passphrase); };
  const auto identity = LoadKeyFile(path, std::move(old_passphrase));
  if (!identity.ok()) return identity.status();
  // Through links, so that the file itself is replaced and not a link to it.
  std::error_code error;
  const std::string real = fs::canonical(path, error).string();
  if (error) return absl::NotFoundError(absl::StrCat("cannot find ", path, ": ", error.message()));
  EnsureSodium();
  std::array<uint8_t, 8> random{};
  randombytes_buf(random.data(), random.size());
  const std::string fresh = absl::StrCat(real, ".new-", HexOf(random));
  absl::Status status = CreateKeyFile(fresh, **identity, std::move(new_passphrase));
  if (!status.ok()) return status;
  if (rename(fresh.c_str(), real.c_str()) != 0) {
    status = DiskError("replace the key file", real);
    unlink(fresh.c_str());
    return status;
  }
  return SyncDirectoryOf(real);
}

}  // namespace decentd
