#include "node/log/log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

// Between text and fields in a logger's payload: no text has it, see Without.
constexpr char kSeparator = '\x1f';

// Peers and models choose some of the words: an event stays one line, and keeps its own fields.
std::string Without(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return c >= 0 && c < 0x20; }, ' ');
  return line;
}

}  // namespace

void Log(spdlog::logger& logger, spdlog::level::level_enum level, const LogFields& fields,
         std::string_view text) {
  if (!logger.should_log(level)) return;
  const std::string separator(1, kSeparator);
  logger.log(level, "{}", absl::StrCat(Without(text), separator, Without(fields.cause), separator,
                                 Without(fields.peer), separator, Without(fields.round)));
}

LoggedLine ParseLogged(std::string_view payload) {
  LoggedLine line;
  std::string* const parts[] = {&line.text, &line.fields.cause, &line.fields.peer,
                                &line.fields.round};
  for (std::string* part : parts) {
    const size_t end = std::min(payload.find(kSeparator), payload.size());
    *part = Without(payload.substr(0, end));
    payload.remove_prefix(std::min(end + 1, payload.size()));
  }
  return line;
}

}  // namespace decentd
