// Where this project's programs are: of the same build or installation as the one that runs.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace decentd {

// The absolute path of `name` in `directory` or the places below it where a build or an installation
// keeps programs; where that is empty, around this program. NOT_FOUND says how to name it.
absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& directory);

}  // namespace decentd
