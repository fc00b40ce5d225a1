#include "node/config/yaml_reader.h"

#include <algorithm>
#include <cmath>

#include "node/config/files.h"
#include "node/config/text.h"
#include "node/config/units.h"

namespace decentd {
namespace {

std::string_view TypeName(YamlValue::Type type) {
  switch (type) {
    case YamlValue::Type::kNull:
      return "nothing";
    case YamlValue::Type::kScalar:
      return "a single value";
    case YamlValue::Type::kList:
      return "a list";
    case YamlValue::Type::kMap:
      return "a map of keys";
  }
  return "something else";
}

// A value as a message may quote it: short, and printable.
std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, 60));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown.size() < text.size() ? shown + "..." : shown;
}

}  // namespace

void ReadReport::Problem(const YamlValue& at, std::string_view message) {
  problems_.push_back({at.line, at.column, std::string(message)});
}

void ReadReport::Note(std::string path, std::string value, const YamlValue* from) {
  settings_.push_back({std::move(path), std::move(value),
                       from == nullptr ? "default" : Concat(file_, ":", from->line)});
}

absl::Status ReadReport::ToStatus() const {
  if (problems_.empty()) return absl::OkStatus();
  std::vector<Found> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Found& a, const Found& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  std::string text;
  for (const Found& found : sorted) {
    Append(text, text.empty() ? "" : "\n", file_, ":", found.line, ":", found.column, ": ",
           found.message);
  }
  return absl::InvalidArgumentError(text);
}

MapReader::MapReader(const YamlValue* map, std::string path, ReadReport& report)
    : map_(map), path_(std::move(path)), report_(report) {}

std::string MapReader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : Concat(path_, ".", key);
}

const YamlValue* MapReader::ValueOf(std::string_view key) const {
  if (map_ == nullptr) return nullptr;
  for (size_t i = 0; i < map_->keys.size(); ++i) {
    if (map_->keys[i].text == key) return &map_->items[i];
  }
  return nullptr;
}

bool MapReader::Has(std::string_view key) const { return ValueOf(key) != nullptr; }

void MapReader::ProblemAt(std::string_view key, std::string_view message) {
  const YamlValue* at = ValueOf(key) != nullptr ? ValueOf(key) : map_;
  if (at != nullptr) report_.Problem(*at, Concat(PathOf(key), ": ", message));
}

void MapReader::Refuse(std::string_view key, std::string_view message) {
  if (!Has(key)) return;
  known_.push_back(key);
  ProblemAt(key, message);
}

const YamlValue* MapReader::Take(std::string_view key, Need need, std::string_view expected) {
  known_.push_back(key);
  const YamlValue* value = ValueOf(key);
  if (value == nullptr && need == Need::kRequired && map_ != nullptr) {
    report_.Problem(*map_, Concat("the key '", PathOf(key), "' is missing; expected ", expected));
  }
  return value;
}

const YamlValue* MapReader::TakeScalar(std::string_view key, Need need, std::string_view expected) {
  const YamlValue* value = Take(key, need, expected);
  if (value == nullptr || value->type == YamlValue::Type::kScalar) return value;
  ProblemAt(key, Concat("expected ", expected, ", found ", TypeName(value->type)));
  return nullptr;
}

void MapReader::Note(std::string_view key, std::string value) {
  report_.Note(PathOf(key), std::move(value), ValueOf(key));
}

void MapReader::NoteDuration(std::string_view key, uint64_t milliseconds) {
  Note(key, FormatDuration(milliseconds));
}

void MapReader::ReadString(std::string_view key, std::string& out, Need need) {
  const YamlValue* value = TakeScalar(key, need, "a text");
  if (value == nullptr) return;
  if (value->text.find('\0') != std::string::npos) {
    ProblemAt(key, "expected a text without NUL characters");
  } else if (value->text.empty() && need == Need::kRequired) {
    ProblemAt(key, "expected a text that is not empty");
  } else {
    out = value->text;
  }
}

void MapReader::String(std::string_view key, std::string& out, Need need) {
  ReadString(key, out, need);
  Note(key, out);
}

void MapReader::Path(std::string_view key, std::string& out, Need need) {
  ReadString(key, out, need);
  out = RelativeTo(report_.file(), out);
  Note(key, out);
}

void MapReader::Bool(std::string_view key, bool& out, Need need) {
  if (const YamlValue* value = TakeScalar(key, need, "true or false")) {
    if (!value->quoted && (value->text == "true" || value->text == "false")) {
      out = value->text == "true";
    } else {
      ProblemAt(key, Concat("expected true or false, found '", Shown(value->text), "'"));
    }
  }
  Note(key, out ? "true" : "false");
}

std::optional<int64_t> MapReader::ReadInteger(std::string_view key, int64_t least, int64_t most,
                                              Need need) {
  const std::string expected = Concat("a whole number from ", least, " to ", most);
  const YamlValue* value = TakeScalar(key, need, expected);
  if (value == nullptr) return std::nullopt;
  int64_t number = 0;
  if (value->quoted || !ParseNumber(value->text, number) || number < least || number > most) {
    ProblemAt(key, Concat("expected ", expected, ", found '", Shown(value->text), "'"));
    return std::nullopt;
  }
  return number;
}

void MapReader::OptionalNumber(std::string_view key, std::optional<int64_t>& out, int64_t least,
                               int64_t most, std::string_view unset) {
  if (const auto read = ReadInteger(key, least, most, Need::kOptional)) out = read;
  Note(key, out ? std::to_string(*out) : std::string(unset));
}

void MapReader::OptionalDecimal(std::string_view key, std::optional<double>& out, double least,
                                double most, std::string_view unset) {
  const std::string expected = Concat("a number from ", least, " to ", most);
  if (const YamlValue* value = TakeScalar(key, Need::kOptional, expected)) {
    double number = 0;
    if (value->quoted || !ParseNumber(value->text, number) || !std::isfinite(number) ||
        number < least || number > most) {
      ProblemAt(key, Concat("expected ", expected, ", found '", Shown(value->text), "'"));
    } else {
      out = number;
    }
  }
  Note(key, out ? Concat(*out) : std::string(unset));
}

std::optional<uint64_t> MapReader::ReadDuration(std::string_view key, uint64_t least, uint64_t most,
                                                Need need) {
  const YamlValue* value =
      TakeScalar(key, need, "a duration with its unit, such as 500ms, 30s, 2m, 1h or 7d");
  if (value == nullptr) return std::nullopt;
  const absl::StatusOr<uint64_t> read = ParseDuration(value->text);
  if (!read.ok()) {
    ProblemAt(key, MessageOf(read.status()));
    return std::nullopt;
  }
  if (*read < least || *read > most) {
    ProblemAt(key, Concat("expected a duration from ", FormatDuration(least), " to ",
                          FormatDuration(most), ", found ", value->text));
    return std::nullopt;
  }
  return *read;
}

void MapReader::Size(std::string_view key, size_t& out, uint64_t least, uint64_t most, Need need) {
  if (const YamlValue* value = TakeScalar(key, need, "a size with its unit, such as 64KiB")) {
    const absl::StatusOr<uint64_t> read = ParseSize(value->text);
    if (!read.ok()) {
      ProblemAt(key, MessageOf(read.status()));
    } else if (*read < least || *read > most) {
      ProblemAt(key, Concat("expected a size from ", FormatSize(least), " to ", FormatSize(most),
                            ", found ", value->text));
    } else {
      out = *read;
    }
  }
  Note(key, FormatSize(out));
}

std::optional<std::string> MapReader::Word(std::string_view key,
                                           const std::vector<std::string_view>& words,
                                           std::string_view shown_default, Need need) {
  const std::string expected = Concat("one of ", Join(words, ", "));
  const YamlValue* value = TakeScalar(key, need, expected);
  if (value != nullptr && std::find(words.begin(), words.end(), value->text) == words.end()) {
    const std::string_view nearest = NearestWord(value->text, words);
    ProblemAt(key, Concat("expected ", expected, "; found '", Shown(value->text), "'",
                          nearest.empty() ? "" : Concat(", did you mean '", nearest, "'?")));
    value = nullptr;
  }
  Note(key, value != nullptr ? value->text : std::string(shown_default));
  if (value == nullptr) return std::nullopt;
  return value->text;
}

const YamlValue* MapReader::List(std::string_view key, std::string_view of_what, Need need) {
  const std::string expected = Concat("a list of ", of_what);
  const YamlValue* value = Take(key, need, expected);
  if (value == nullptr) return nullptr;
  if (value->type != YamlValue::Type::kList) {
    ProblemAt(key, Concat("expected ", expected, ", found ", TypeName(value->type)));
    return nullptr;
  }
  if (value->items.empty()) {
    ProblemAt(key, Concat("the list is empty; expected at least one of its ", of_what));
    return nullptr;
  }
  return value;
}

void MapReader::Strings(std::string_view key, std::vector<std::string>& out, Need need) {
  if (const YamlValue* list = List(key, "texts", need)) {
    std::vector<std::string> read;
    for (const YamlValue& item : list->items) {
      if (item.type != YamlValue::Type::kScalar || item.text.empty()) {
        report_.Problem(item, Concat(PathOf(key), ": expected a text in this list"));
      } else {
        read.push_back(item.text);
      }
    }
    if (read.size() == list->items.size()) out = std::move(read);
  }
  Note(key, Concat("[", Join(out, ", "), "]"));
}

MapReader MapReader::Map(std::string_view key, Need need) {
  const YamlValue* value = Take(key, need, "a map of keys");
  if (value != nullptr && value->type != YamlValue::Type::kMap) {
    ProblemAt(key, Concat("expected a map of keys, found ", TypeName(value->type)));
    value = nullptr;
  }
  return MapReader(value, PathOf(key), report_);
}

void MapReader::Finish() {
  if (map_ == nullptr) return;
  for (const YamlValue& key : map_->keys) {
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    const std::string_view nearest = NearestWord(key.text, known_);
    report_.Problem(key, Concat("unknown key '", Shown(PathOf(key.text)), "'; ",
                                nearest.empty() ? Concat("expected one of ", Join(known_, ", "))
                                                : Concat("did you mean '", nearest, "'?")));
  }
}

}  // namespace decentd
