#include "tools/cluster/find_program.h"

#include <unistd.h>

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"

namespace decentd {

absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> bases;
  if (!directory.empty()) {
    bases.push_back(directory);
  } else {
    const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
    bases = {here, here / "..", here / "../.."};
  }
  for (const fs::path& base : bases) {
    for (const char* place : {".", "bin", "libexec/decentd", "node", "tools/drill"}) {
      const fs::path program = base / place / name;
      if (fs::is_regular_file(program, error) && access(program.c_str(), X_OK) == 0) {
        return fs::canonical(program, error).string();
      }
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "no program ", name, " in ", bases.front().string(),
      " and around it; install it or build it, and name its directory with --bin"));
}

}  // namespace decentd
