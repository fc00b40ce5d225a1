#include "node/daemon/logging.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <utility>

#include "node/log/formatters.h"
#include "node/log/limited_sink.h"

namespace decentd {
namespace {

struct NamedLevel {
  const char* name;
  LogLevel configured;
  spdlog::level::level_enum level;
};
constexpr NamedLevel kLevels[] = {{"debug", LogLevel::kDebug, spdlog::level::debug},
                                  {"info", LogLevel::kInfo, spdlog::level::info},
                                  {"warn", LogLevel::kWarn, spdlog::level::warn},
                                  {"error", LogLevel::kError, spdlog::level::err}};

spdlog::level::level_enum Level(LogLevel level) {
  for (const NamedLevel& one : kLevels) {
    if (one.configured == level) return one.level;
  }
  return spdlog::level::info;
}

}  // namespace

std::shared_ptr<spdlog::logger> MakeLogger(const LogConfig& config, const std::string& node) {
  auto sink = std::make_shared<LimitedSink>(std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                            LogLimit{});
  auto logger = std::make_shared<spdlog::logger>(node, std::move(sink));
  logger->set_level(Level(config.level));
  logger->flush_on(spdlog::level::info);
  logger->set_formatter(config.format == LogFormat::kJson ? JsonLines(node) : TextLines(node));
  return logger;
}

std::string LevelOf(const spdlog::logger& logger) {
  for (const NamedLevel& one : kLevels) {
    if (one.level == logger.level()) return one.name;
  }
  return "off";
}

absl::Status SetLevel(spdlog::logger& logger, const std::string& level) {
  for (const NamedLevel& one : kLevels) {
    if (one.name != level) continue;
    logger.set_level(one.level);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("there is no log level '" + level +
                                    "'; use debug, info, warn or error");
}

}  // namespace decentd
