// What decentctl doctor finds. Values.
#pragma once

#include <string>
#include <vector>

namespace decentd::doctor {

enum class State { kOk, kWarning, kFailure, kNotLooked };

struct Finding {
  State state = State::kOk;
  std::string subject;  // "disk", "link to bob", ...
  std::string detail;   // what was found
  std::string advice;   // what to do about it; empty where nothing is to be done
};
using Findings = std::vector<Finding>;

}  // namespace decentd::doctor
