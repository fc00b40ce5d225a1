// Runs the built decentctl as a user would.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace decentd {

struct CommandResult {
  int exit_code = -1;  // -1: it did not exit by itself
  std::string out, err;
};

// Without a terminal and with an empty standard input. `environment` is added to an environment
// that holds nothing but PATH; HOME is absent unless given.
CommandResult RunDecentctl(const std::vector<std::string>& arguments,
                           const std::map<std::string, std::string>& environment = {},
                           const std::string& working_directory = "/");

}  // namespace decentd
