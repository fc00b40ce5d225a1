// The texts that a judge is asked with. Built in (node/llm/prompts/*.txt), or read from an
// operator's directory with the same file names.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace decentd::llm {

struct PromptSet {
  std::string version;  // "judge-1.1a2b3c4d": version.txt, and a hash of all texts
  std::string system;
  std::string all_answers;
  std::string one_answer;
  std::string repair;
  std::map<std::string, std::string> criteria;  // what 20 points mean, by criterion
};

PromptSet BuiltInPrompts();

// NOT_FOUND or INVALID_ARGUMENT names the file, and what it lacks.
absl::StatusOr<PromptSet> ReadPrompts(const std::string& directory);

// Replaces each "{{name}}" once; what a value itself contains stays as it is.
std::string FillTemplate(std::string_view text,
                         const std::vector<std::pair<std::string_view, std::string>>& values);

}  // namespace decentd::llm
