// Strict reading of a YAML map: every key is asked for by name and type, what is left over is an
// error, and all that is wrong with a file is said at once. Thread-compatible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/config/yaml_document.h"

namespace decentd {

// One effective value and where it came from: "node.yaml:12", "default" or "environment NAME".
struct Setting {
  std::string path;   // "clients.requests_per_minute"
  std::string value;  // as the file would write it
  std::string origin;
};

// What was found in one file.
class ReadReport {
 public:
  explicit ReadReport(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  void Problem(const YamlValue& at, std::string_view message);
  void Note(std::string path, std::string value, const YamlValue* from);

  bool ok() const { return problems_.empty(); }
  // OK, or INVALID_ARGUMENT with one line "file:line:column: message" for each problem, by line.
  absl::Status ToStatus() const;
  const std::vector<Setting>& settings() const { return settings_; }

 private:
  struct Found {
    int line, column;
    std::string message;
  };
  std::string file_;
  std::vector<Found> problems_;
  std::vector<Setting> settings_;
};

enum class Need { kRequired, kOptional };

// Each getter changes `out` only when its key is there and right; a wrong value and a missing
// required key are problems of the report. A null map is an absent section: all defaults.
class MapReader {
 public:
  MapReader(const YamlValue* map, std::string path, ReadReport& report);

  bool Has(std::string_view key) const;
  const YamlValue* value() const { return map_; }
  ReadReport& report() const { return report_; }
  // The full name of one of this map's keys.
  std::string PathOf(std::string_view key) const;

  void String(std::string_view key, std::string& out, Need need);
  // A path, made relative to the folder of the report's file where it is not absolute.
  void Path(std::string_view key, std::string& out, Need need);
  void Bool(std::string_view key, bool& out, Need need);
  // An integer from `least` to `most`, both inclusive.
  template <class Integer>
  void Number(std::string_view key, Integer& out, int64_t least, int64_t most, Need need) {
    const std::optional<int64_t> read = ReadInteger(key, least, most, need);
    if (read) out = static_cast<Integer>(*read);
    Note(key, std::to_string(out));
  }
  // As Number, for a value that may be left to someone else; `unset` says to whom.
  void OptionalNumber(std::string_view key, std::optional<int64_t>& out, int64_t least,
                      int64_t most, std::string_view unset);
  void OptionalDecimal(std::string_view key, std::optional<double>& out, double least, double most,
                       std::string_view unset);
  // A duration in milliseconds, from `least` to `most`.
  template <class Integer>
  void Duration(std::string_view key, Integer& out, uint64_t least, uint64_t most, Need need) {
    const std::optional<uint64_t> read = ReadDuration(key, least, most, need);
    if (read) out = static_cast<Integer>(*read);
    NoteDuration(key, out);
  }
  // A size in bytes.
  void Size(std::string_view key, size_t& out, uint64_t least, uint64_t most, Need need);
  // A word that `parse` maps to a value; `words` lists them for the message.
  std::optional<std::string> Word(std::string_view key, const std::vector<std::string_view>& words,
                                  std::string_view shown_default, Need need);
  // A list of strings, at least one.
  void Strings(std::string_view key, std::vector<std::string>& out, Need need);
  // The nested map, or a reader of an absent one.
  MapReader Map(std::string_view key, Need need);
  // A list of at least one value of any type; null when absent or wrong.
  const YamlValue* List(std::string_view key, std::string_view of_what, Need need);

  // The value of a key that was read, for checks beyond its type; null when absent.
  const YamlValue* ValueOf(std::string_view key) const;
  // A problem at the key's value, or at the map where the key is absent.
  void ProblemAt(std::string_view key, std::string_view message);
  // A key that is known but has no place here: `message` says the way out.
  void Refuse(std::string_view key, std::string_view message);
  // Reports every key that nobody asked for. To be called last.
  void Finish();

 private:
  const YamlValue* Take(std::string_view key, Need need, std::string_view expected);
  const YamlValue* TakeScalar(std::string_view key, Need need, std::string_view expected);
  void ReadString(std::string_view key, std::string& out, Need need);
  std::optional<int64_t> ReadInteger(std::string_view key, int64_t least, int64_t most, Need need);
  std::optional<uint64_t> ReadDuration(std::string_view key, uint64_t least, uint64_t most,
                                       Need need);
  void Note(std::string_view key, std::string value);
  void NoteDuration(std::string_view key, uint64_t milliseconds);

  const YamlValue* map_;
  std::string path_;
  ReadReport& report_;
  std::vector<std::string_view> known_;  // keys of the program text
};

}  // namespace decentd
