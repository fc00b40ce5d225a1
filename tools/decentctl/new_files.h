// Files that a command makes together: all of them, or none when one fails.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace decentd {

// Removes what was made, the folder too, unless Keep is called. Single-threaded.
class NewFiles {
 public:
  explicit NewFiles(std::string directory);
  ~NewFiles();
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  std::string PathOf(const std::string& name) const;
  // ALREADY_EXISTS names the first file that is there.
  absl::Status CheckAbsent(std::initializer_list<const char*> names) const;
  // Makes the folder and those above it, for the owner only. OK where it is there.
  absl::Status MakeDirectory();
  // Passes `status` on; where it is OK, `name` is a file that was made.
  absl::Status Made(const std::string& name, absl::Status status);
  void Keep() { kept_ = true; }

 private:
  std::string directory_;
  std::vector<std::string> made_;  // in order; folders too
  bool kept_ = false;
};

}  // namespace decentd
