#include "node/config/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>
#include "node/config/text.h"

namespace decentd {
namespace {

constexpr size_t kLeastRead = 8192;  // at once: all of a secret too, of which no copy is left then

absl::Status DiskError(int error, std::string_view doing, const std::string& path) {
  return absl::ErrnoToStatus(error, Concat("cannot ", doing, " ", path));
}

class FileHandle {
 public:
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  ~FileHandle() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

// `expected` bytes, if nothing writes to the file meanwhile.
absl::StatusOr<std::string> ReadAll(const FileHandle& file, const std::string& path,
                                    size_t expected, size_t limit) {
  // One byte more than is there, to see the end.
  std::string text(std::min(std::max(expected + 1, kLeastRead), limit + 1), '\0');
  size_t size = 0;
  for (;;) {
    if (size == text.size()) {
      if (size > limit) break;
      text.resize(std::min(2 * size, limit + 1));
    }
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError(errno, "read", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > limit) {
    return InvalidArgument(path, " is larger than ", limit, " bytes; is it the right file?");
  }
  text.resize(size);
  return text;
}

absl::StatusOr<std::string> ReadChecked(const std::string& path, size_t limit, bool secret) {
  FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok()) return DiskError(errno, "read", path);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return DiskError(errno, "read", path);
  if (S_ISDIR(status.st_mode)) {
    return InvalidArgument(path, " is a directory; expected a file");
  }
  if (secret && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0) {
    return InvalidArgument(path, " holds a secret and others may read it; run: chmod 600 ", path);
  }
  return ReadAll(file, path, static_cast<size_t>(status.st_size), limit);
}

absl::Status WriteAll(const FileHandle& file, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = write(file.get(), content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return DiskError(errno, "write", path);
    content.remove_prefix(static_cast<size_t>(wrote));
  }
  if (fsync(file.get()) != 0) return DiskError(errno, "write", path);
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

absl::Status SyncFolder(const std::string& folder) {
  FileHandle handle(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.ok() || fsync(handle.get()) != 0) return DiskError(errno, "write", folder);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t limit) {
  return ReadChecked(path, limit, /*secret=*/false);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadChecked(path, 4096, /*secret=*/true);
  if (!text.ok()) return text;
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) {
    return InvalidArgument(path, " is empty; expected a secret on one line");
  }
  return text;
}

absl::Status CreateFile(const std::string& path, std::string_view content, int mode) {
  FileHandle file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode)));
  if (!file.ok() && errno == EEXIST) {
    return absl::AlreadyExistsError(Concat(path, " exists already; it is not overwritten"));
  }
  if (!file.ok()) return DiskError(errno, "create", path);
  absl::Status status = WriteAll(file, path, content);
  if (status.ok()) status = SyncFolder(FolderOf(path));
  if (!status.ok()) unlink(path.c_str());
  return status;
}

absl::Status ReplaceFile(const std::string& path, std::string_view content) {
  struct stat status {};
  const mode_t mode = stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0644;
  std::string name = path + ".XXXXXX";
  FileHandle file(mkostemp(name.data(), O_CLOEXEC));
  if (!file.ok()) return DiskError(errno, "write beside", path);
  absl::Status written = WriteAll(file, name, content);
  if (written.ok() && (fchmod(file.get(), mode) != 0 || rename(name.c_str(), path.c_str()) != 0)) {
    written = DiskError(errno, "replace", path);
  }
  if (!written.ok()) {
    unlink(name.c_str());
    return written;
  }
  return SyncFolder(FolderOf(path));
}

std::string RelativeTo(const std::string& file, const std::string& path) {
  if (path.empty()) return path;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  return (folder / path).lexically_normal().string();  // an absolute path stands for itself
}

}  // namespace decentd
