#include "node/config/yaml_document.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>

#include "node/config/text.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace decentd {
namespace {

constexpr size_t kMaxDepth = 32;  // configuration needs five

// Thrown through yaml-cpp's parser, which offers no other way to stop it, and caught in ParseYaml.
struct Stop {
  int line, column;
  std::string message;
};

[[noreturn]] void StopAt(const YAML::Mark& mark, std::string message) {
  throw Stop{mark.line + 1, mark.column + 1, std::move(message)};
}

class TreeBuilder : public YAML::EventHandler {
 public:
  std::optional<YamlValue> root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Place(At(mark, YamlValue::Type::kNull));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    StopAt(mark, "aliases (*name) are not supported; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) RefuseTag(mark, tag);
    YamlValue scalar = At(mark, YamlValue::Type::kScalar);
    scalar.text = value;
    scalar.quoted = tag == "!";
    Place(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlValue::Type::kList);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlValue::Type::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A list or map that is being read; of a map, perhaps the key whose value comes next.
  struct Level {
    YamlValue value;
    std::optional<YamlValue> key;
  };

  static YamlValue At(const YAML::Mark& mark, YamlValue::Type type) {
    YamlValue value;
    value.type = type;
    value.line = mark.line + 1;
    value.column = mark.column + 1;
    return value;
  }

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) StopAt(mark, "anchors (&name) are not supported; write the value out");
  }

  [[noreturn]] static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    StopAt(mark, Concat("the tag ", tag, " is not supported; write the plain value"));
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlValue::Type type) {
    RefuseAnchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) RefuseTag(mark, tag);
    if (levels_.size() == kMaxDepth) {
      StopAt(mark, Concat("nested more than ", kMaxDepth, " deep"));
    }
    if (!levels_.empty() && levels_.back().value.type == YamlValue::Type::kMap &&
        !levels_.back().key) {
      StopAt(mark, "a key must be a plain word");
    }
    levels_.push_back({At(mark, type), std::nullopt});
  }

  void Close() {
    YamlValue value = std::move(levels_.back().value);
    levels_.pop_back();
    Place(std::move(value));
  }

  void Place(YamlValue value) {
    if (levels_.empty()) {
      root = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.type == YamlValue::Type::kList) {
      level.value.items.push_back(std::move(value));
    } else if (!level.key) {
      TakeKey(level, std::move(value));
    } else {
      level.value.keys.push_back(std::move(*level.key));
      level.value.items.push_back(std::move(value));
      level.key.reset();
    }
  }

  static void TakeKey(Level& level, YamlValue key) {
    if (key.type != YamlValue::Type::kScalar) {
      throw Stop{key.line, key.column, "a key must be a plain word"};
    }
    for (const YamlValue& earlier : level.value.keys) {
      if (earlier.text == key.text) {
        throw Stop{key.line, key.column,
                   Concat("the key '", key.text, "' was given before, in line ", earlier.line,
                          "; keep one of them")};
      }
    }
    level.key = std::move(key);
  }

  std::vector<Level> levels_;
};

absl::Status ErrorAt(std::string_view file, int line, int column, std::string_view message) {
  return InvalidArgument(file, ":", line, ":", column, ": ", message);
}

}  // namespace

std::string YamlPlace(std::string_view file, const YamlValue& value) {
  return Concat(file, ":", value.line, ":", value.column);
}

absl::StatusOr<YamlValue> ParseYaml(std::string_view text, std::string_view file) {
  TreeBuilder builder;
  TreeBuilder second;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.root && parser.HandleNextDocument(second) && second.root) {
      return ErrorAt(file, second.root->line, second.root->column,
                     "a second document starts here; expected one (remove the '---')");
    }
  } catch (const Stop& stop) {
    return ErrorAt(file, stop.line, stop.column, stop.message);
  } catch (const YAML::Exception& error) {
    return ErrorAt(file, error.mark.line + 1, error.mark.column + 1,
                   Concat("not valid YAML: ", error.msg));
  } catch (const std::exception& error) {
    return ErrorAt(file, 1, 1, Concat("not valid YAML: ", error.what()));
  }
  if (!builder.root || builder.root->type == YamlValue::Type::kNull) {
    return ErrorAt(file, 1, 1, "the file is empty; expected 'key: value' lines");
  }
  if (builder.root->type != YamlValue::Type::kMap) {
    return ErrorAt(file, builder.root->line, builder.root->column, "expected 'key: value' lines");
  }
  return *std::move(builder.root);
}

std::string YamlScalar(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  };
  // These read as something else than a string.
  const bool is_word = text == "null" || text == "Null" || text == "NULL" || text == "true" ||
                       text == "false" || text == "yes" || text == "no";
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain) && text[0] != '-' &&
      text[0] != '.' && !is_word) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace decentd
