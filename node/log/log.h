// One event of the node for its operator: what happened, with which peer, in which round. Rooms say
// it to a logger; how it looks and how often is for the formatters and sinks of this room.
#pragma once

#include <spdlog/logger.h>

#include <string>
#include <string_view>

namespace decentd {

struct LogFields {
  // What kind of event it is, a few words that do not change: lines of one cause about one peer are
  // limited together. Empty: said once in a while by its nature, never left out.
  std::string cause;
  std::string peer;   // name, or empty
  std::string round;  // hex id, or empty
};

// Thread-safe, as the logger is.
void Log(spdlog::logger& logger, spdlog::level::level_enum level, const LogFields& fields,
         std::string_view text);

// A line as it reaches a formatter or a sink.
struct LoggedLine {
  LogFields fields;
  std::string text;
};
LoggedLine ParseLogged(std::string_view payload);

}  // namespace decentd
