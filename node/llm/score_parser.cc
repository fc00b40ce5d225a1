#include "node/llm/score_parser.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "node/core/limits.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

using Json = nlohmann::json;
using Row = std::vector<uint32_t>;

constexpr size_t kMaxReplyBytes = 64 * 1024;  // beyond any reply of numbers; keeps parsing cheap
constexpr size_t kMaxCandidates = 64;         // objects looked at in one reply
constexpr double kMaxPoints = limits::kMaxScore / 1000;

std::string Folded(std::string_view name) {
  std::string folded = LowerCase(Trim(name));
  for (char& c : folded) {
    if (c == ' ' || c == '-') c = '_';
  }
  return folded;
}

// The member of that name in any case and with any separators, or null.
const Json* Member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const std::string wanted = Folded(name);
  for (const auto& [key, value] : object.items()) {
    if (Folded(key) == wanted) return &value;
  }
  return nullptr;
}

std::optional<double> Points(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  std::string_view text = Trim(value.get_ref<const std::string&>());
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (Trim(text.substr(slash + 1)) != "20") return std::nullopt;
    text = Trim(text.substr(0, slash));
  }
  double points;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), points);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return points;
}

std::string Shown(const Json& mark) {
  if (mark.is_structured()) return mark.type_name();
  return OneLine(mark.dump(-1, ' ', true, Json::error_handler_t::replace), 40);
}

absl::StatusOr<Row> ParseRow(const Json& entry, std::string_view id,
                             const std::vector<std::string>& criteria) {
  const Json* innermost = &entry;
  while (const Json* inner = Member(*innermost, "scores")) innermost = inner;
  const Json& marks = *innermost;
  if (!marks.is_object() && !marks.is_array()) {
    return absl::InvalidArgumentError(Concat(id, " has no object of marks"));
  }
  if (marks.is_array() && marks.size() != criteria.size()) {
    return absl::InvalidArgumentError(
        Concat(id, " has ", marks.size(), " marks instead of ", criteria.size()));
  }
  Row row;
  for (size_t i = 0; i < criteria.size(); ++i) {
    const Json* mark = marks.is_array() ? &marks[i] : Member(marks, criteria[i]);
    if (mark == nullptr) {
      return absl::InvalidArgumentError(Concat(id, " lacks \"", criteria[i], "\""));
    }
    const std::optional<double> points = Points(*mark);
    if (!points.has_value() || !(*points >= 0 && *points <= kMaxPoints)) {
      return absl::InvalidArgumentError(Concat(id, " has \"", criteria[i], "\": ", Shown(*mark),
                                               " instead of a number from 0 to 20"));
    }
    row.push_back(static_cast<uint32_t>(std::lround(*points * 1000)));
  }
  return row;
}

// The marks of one answer in a list of {"id": ..., "scores": ...}.
absl::StatusOr<const Json*> FindInList(const Json& list, std::string_view id) {
  const Json* found = nullptr;
  for (const Json& entry : list) {
    const Json* name = Member(entry, "id");
    if (name == nullptr || !name->is_string()) continue;
    if (Folded(name->get_ref<const std::string&>()) != Folded(id)) continue;
    if (found != nullptr) return absl::InvalidArgumentError(Concat(id, " is there twice"));
    found = &entry;
  }
  return found;
}

absl::StatusOr<std::vector<Row>> ParseObject(const Json& object,
                                             const std::vector<std::string>& ids,
                                             const std::vector<std::string>& criteria) {
  const Json* answers = Member(object, "answers");
  if (answers == nullptr && Member(object, ids[0]) == nullptr) answers = Member(object, "scores");
  if (answers == nullptr) answers = &object;
  std::vector<Row> rows;
  for (const std::string& id : ids) {
    const Json* marks = nullptr;
    if (answers->is_array()) {
      auto found = FindInList(*answers, id);
      if (!found.ok()) return found.status();
      marks = *found;
    } else {
      marks = Member(*answers, id);
    }
    if (marks == nullptr && ids.size() == 1 && answers->is_object()) marks = answers;
    if (marks == nullptr) {
      return absl::InvalidArgumentError(Concat("the marks of ", id, " are missing"));
    }
    auto row = ParseRow(*marks, id, criteria);
    if (!row.ok()) return row.status();
    rows.push_back(*std::move(row));
  }
  return rows;
}

// The end of the object that starts at text[0], or npos; strings are skipped over.
size_t ObjectEnd(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::vector<Row>> ParseScores(std::string_view reply,
                                             const std::vector<std::string>& ids,
                                             const std::vector<std::string>& criteria) {
  if (IsBlank(reply)) return absl::InvalidArgumentError("it is empty");
  if (reply.size() > kMaxReplyBytes) {
    return absl::InvalidArgumentError(Concat("it is longer than ", kMaxReplyBytes, " bytes"));
  }
  absl::StatusOr<std::vector<Row>> result = absl::InvalidArgumentError("it holds no JSON object");
  size_t candidates = 0;
  size_t outer_end = 0;  // objects inside one that does not fit may fit, but say nothing if not
  for (size_t at = reply.find('{'); at != std::string_view::npos && candidates < kMaxCandidates;
       at = reply.find('{', at), ++candidates) {
    const size_t length = ObjectEnd(reply.substr(at));
    if (length == std::string_view::npos) {
      if (!result.ok()) result = absl::InvalidArgumentError("its JSON object does not end");
      ++at;
      continue;
    }
    const Json object = Json::parse(reply.substr(at, length), nullptr, false);
    if (object.is_discarded()) {
      ++at;  // braces in prose, perhaps with the object inside
      continue;
    }
    auto scores = ParseObject(object, ids, criteria);
    const size_t end = at + length;
    const bool fits = scores.ok();
    if (fits || (!result.ok() && at >= outer_end)) result = std::move(scores);
    outer_end = std::max(outer_end, end);
    at = fits ? end : at + 1;
  }
  return result;
}

}  // namespace decentd::llm
