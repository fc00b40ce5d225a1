#include "tools/decentctl/new_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "node/config/files.h"
#include "node/config/text.h"

namespace decentd {

NewFiles::NewFiles(std::string directory)
    : directory_(directory.empty() ? "." : std::move(directory)) {}

NewFiles::~NewFiles() {
  if (kept_) return;
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
    std::error_code ignored;  // a folder that others put files into stays
    std::filesystem::remove(*path, ignored);
  }
}

std::string NewFiles::PathOf(const std::string& name) const {
  return RelativeTo(directory_ + "/", name);
}

absl::Status NewFiles::CheckAbsent(std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    struct stat status {};
    if (lstat(PathOf(name).c_str(), &status) == 0) {
      return absl::AlreadyExistsError(
          Concat(PathOf(name),
                 " exists already and nothing is overwritten; name another folder "
                 "with --dir, or move the file away"));
    }
  }
  return absl::OkStatus();
}

absl::Status NewFiles::MakeDirectory() {
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : std::filesystem::path(directory_)) {
    so_far /= part;
    if (mkdir(so_far.c_str(), 0700) == 0) {
      made_.push_back(so_far.string());
    } else if (errno != EEXIST) {
      const int error = errno;
      std::error_code ignored;  // a folder above may be there and not ours to write
      if (!std::filesystem::is_directory(so_far, ignored)) {
        return absl::ErrnoToStatus(error, "cannot make the folder " + so_far.string());
      }
    }
  }
  return absl::OkStatus();
}

absl::Status NewFiles::Made(const std::string& name, absl::Status status) {
  if (status.ok()) made_.push_back(PathOf(name));
  return status;
}

}  // namespace decentd
