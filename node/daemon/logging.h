// The process's log on standard error: text for people or one JSON object a line for machines.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "node/config/node_config.h"

namespace decentd {

std::shared_ptr<spdlog::logger> MakeLogger(const LogConfig& config, const std::string& node);

// Levels by the names that node.yaml has: debug, info, warn, error. Thread-safe.
std::string LevelOf(const spdlog::logger& logger);
// INVALID_ARGUMENT for any other name.
absl::Status SetLevel(spdlog::logger& logger, const std::string& level);

}  // namespace decentd
