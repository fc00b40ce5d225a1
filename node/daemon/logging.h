// The process's log on standard error: text for people or one JSON object a line for machines.
#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "node/config/node_config.h"

namespace decentd {

std::shared_ptr<spdlog::logger> MakeLogger(const LogConfig& config, const std::string& node);

}  // namespace decentd
