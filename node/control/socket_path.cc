#include "node/control/socket_path.h"

#include <sys/un.h>

#include <filesystem>

#include "absl/strings/str_cat.h"

namespace decentd {

absl::StatusOr<std::string> ControlSocket(const std::string& data_directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  const std::string path = (fs::absolute(data_directory, error) / "control.sock").string();
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("no absolute path of ", data_directory, ": ", error.message()));
  }
  constexpr size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kLongest) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path of the control socket ", path, " is ", path.size(),
                     " bytes long, and a socket's may have ", kLongest,
                     ": use a data_directory with a shorter path"));
  }
  return path;
}

}  // namespace decentd
