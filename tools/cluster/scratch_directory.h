// A directory of its own for what a tool makes only for a while.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace decentd {

// Removed with all that is in it when this object ends, unless it is to be kept. Not thread-safe.
class ScratchDirectory {
 public:
  // Makes `parent` where it is not there (empty: the system's directory for temporary files), and in
  // it a directory that only its owner reads, named `prefix` and six random characters.
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Make(const std::string& parent,
                                                                const std::string& prefix,
                                                                bool keep);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  ScratchDirectory(std::string path, bool keep) : path_(std::move(path)), keep_(keep) {}
  const std::string path_;
  const bool keep_;
};

}  // namespace decentd
