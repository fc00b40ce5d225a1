// YAML text as a plain tree that remembers where everything stood. The only place that knows
// yaml-cpp; none of its exceptions leaves it. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace decentd {

struct YamlValue {
  enum class Type { kNull, kScalar, kList, kMap };
  Type type = Type::kNull;
  std::string text;     // of a scalar
  bool quoted = false;  // a quoted scalar is a string, whatever it looks like
  int line = 1, column = 1;
  std::vector<YamlValue> items;  // of a list, or the values of a map in file order
  std::vector<YamlValue> keys;   // of a map: scalars, one for each item
};

// Where a value stood: "node.yaml:3:7".
std::string YamlPlace(std::string_view file, const YamlValue& value);

// The single document of `text`, a map; `file` is its name in messages. INVALID_ARGUMENT says
// "file:line:column: what is wrong": broken YAML, a key given twice, anchors and aliases (they
// hide what a file says and can make a small file huge), tags, nesting deeper than 32, more than
// one document.
absl::StatusOr<YamlValue> ParseYaml(std::string_view text, std::string_view file);

// `text` as YAML writes it on one line: plain where that is safe, in double quotes elsewhere.
// REQUIRES: printable ASCII.
std::string YamlScalar(std::string_view text);

}  // namespace decentd
