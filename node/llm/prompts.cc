#include "node/llm/prompts.h"

#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "crypto/digest.h"
#include "node/llm/built_in_prompts.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

using Files = std::map<std::string, std::string>;

constexpr size_t kMaxPromptFileBytes = 64 * 1024;  // a prompt is a page of text, not a book

// What each template must mention, or the judge would not see what it judges.
struct Template {
  std::string_view file;
  std::vector<std::string_view> needs;
};

const std::vector<Template>& Templates() {
  static const auto* templates = new std::vector<Template>{
      {"version.txt", {}},
      {"judge_system.txt", {"{{fence}}"}},
      {"judge_all.txt", {"{{question}}", "{{answers}}", "{{criteria}}", "{{form}}"}},
      {"judge_one.txt", {"{{question}}", "{{answers}}", "{{criteria}}", "{{form}}"}},
      {"judge_repair.txt", {"{{problem}}", "{{form}}"}},
      {"criteria.txt", {}}};
  return *templates;
}

absl::StatusOr<PromptSet> FromFiles(const Files& files, const std::string& where) {
  std::string all;
  for (const Template& wanted : Templates()) {
    const std::string& text = files.at(std::string(wanted.file));
    if (!IsValidUtf8(text) || IsBlank(text)) {
      return absl::InvalidArgumentError(
          Concat(where, "/", wanted.file, ": expected non-empty UTF-8 text"));
    }
    for (std::string_view need : wanted.needs) {
      if (text.find(need) != std::string::npos) continue;
      return absl::InvalidArgumentError(
          Concat(where, "/", wanted.file, ": expected the placeholder ", need));
    }
    Append(all, wanted.file, "\n", text.size(), "\n", text);
  }
  PromptSet prompts;
  const std::string version(Trim(files.at("version.txt")));
  if (version.size() > 32 || version.find_first_of(" \t\r\n") != std::string::npos) {
    return absl::InvalidArgumentError(
        Concat(where, "/version.txt: expected one word of at most 32 bytes"));
  }
  prompts.version = Concat(version, ".", Sha256(all).Hex().substr(0, 8));
  prompts.system = Trim(files.at("judge_system.txt"));
  prompts.all_answers = Trim(files.at("judge_all.txt"));
  prompts.one_answer = Trim(files.at("judge_one.txt"));
  prompts.repair = Trim(files.at("judge_repair.txt"));
  std::istringstream lines(files.at("criteria.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (IsBlank(line)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos || IsBlank(std::string_view(line).substr(colon + 1))) {
      return absl::InvalidArgumentError(
          Concat(where, "/criteria.txt: expected \"name: meaning\", got \"", line, "\""));
    }
    prompts.criteria[std::string(Trim(std::string_view(line).substr(0, colon)))] =
        std::string(Trim(std::string_view(line).substr(colon + 1)));
  }
  return prompts;
}

}  // namespace

PromptSet BuiltInPrompts() {
  const Files files = {
      {"version.txt", kBuiltInVersion},          {"judge_system.txt", kBuiltInJudgeSystem},
      {"judge_all.txt", kBuiltInJudgeAll},       {"judge_one.txt", kBuiltInJudgeOne},
      {"judge_repair.txt", kBuiltInJudgeRepair}, {"criteria.txt", kBuiltInCriteria}};
  return FromFiles(files, "built in").value();  // a unit test keeps them valid
}

absl::StatusOr<PromptSet> ReadPrompts(const std::string& directory) {
  Files files;
  for (const Template& wanted : Templates()) {
    const std::string path = Concat(directory, "/", wanted.file);
    std::ifstream stream(path, std::ios::binary);
    std::string text(kMaxPromptFileBytes + 1, '\0');
    if (stream) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!stream && !stream.eof()) {
      return absl::NotFoundError(
          Concat(path,
                 ": cannot be read; a prompts directory needs version.txt, judge_system.txt, "
                 "judge_all.txt, judge_one.txt, judge_repair.txt and criteria.txt"));
    }
    text.resize(static_cast<size_t>(stream.gcount()));
    if (text.size() > kMaxPromptFileBytes) {
      return absl::InvalidArgumentError(
          Concat(path, ": expected at most ", kMaxPromptFileBytes, " bytes"));
    }
    files.emplace(wanted.file, std::move(text));
  }
  return FromFiles(files, directory);
}

std::string FillTemplate(std::string_view text,
                         const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string filled;
  while (true) {
    const size_t open = text.find("{{");
    filled += text.substr(0, open);
    if (open == std::string_view::npos) return filled;
    text.remove_prefix(open);
    const std::string* replacement = nullptr;
    size_t length = 0;
    for (const auto& [name, value] : values) {
      const std::string placeholder = Concat("{{", name, "}}");
      if (!text.starts_with(placeholder)) continue;
      replacement = &value;
      length = placeholder.size();
    }
    if (replacement == nullptr) {
      filled += "{{";
      text.remove_prefix(2);
    } else {
      filled += *replacement;
      text.remove_prefix(length);
    }
  }
}

}  // namespace decentd::llm
