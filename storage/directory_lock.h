// Keeps two processes out of one directory, and names the other one.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace decentd {

// The name of the lock file in the directory.
inline constexpr char kDirectoryLockName[] = "IN_USE_BY";

// Held until destroyed, and given back by the system when the process ends however it ends.
// Move-only.
class DirectoryLock {
 public:
  // FAILED_PRECONDITION, naming the process and program that hold it, when somebody does; this
  // process itself counts.
  static absl::StatusOr<DirectoryLock> Acquire(const std::string& directory,
                                               const std::string& program);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace decentd
