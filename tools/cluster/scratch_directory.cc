#include "tools/cluster/scratch_directory.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>

namespace decentd {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Make(const std::string& parent,
                                                                         const std::string& prefix,
                                                                         bool keep) {
  std::error_code error;
  const fs::path in = parent.empty() ? fs::temp_directory_path(error) : fs::path(parent);
  fs::create_directories(in, error);
  std::string name = (in / (prefix + "XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr) return absl::ErrnoToStatus(errno, "cannot make " + name);
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(name, keep));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!keep_) fs::remove_all(path_, ignored);
}

}  // namespace decentd
