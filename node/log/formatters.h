// How a line of the log looks: text for people, or one JSON object for machines.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace decentd {

// "2026-11-26T09:27:15.123 info alice: what happened peer=bob round=24fa…".
std::unique_ptr<spdlog::formatter> TextLines(const std::string& node);
// {"unix_ms", "level", "node", "message"} and, where there are any, "cause", "peer", "round".
std::unique_ptr<spdlog::formatter> JsonLines(const std::string& node);

}  // namespace decentd
