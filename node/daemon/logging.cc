#include "node/daemon/logging.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace decentd {
namespace {

// spdlog's patterns do not escape, and a peer's words may hold quotes.
class JsonFormatter final : public spdlog::formatter {
 public:
  explicit JsonFormatter(std::string node) : node_(std::move(node)) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using namespace std::chrono;
    const auto level = spdlog::level::to_string_view(message.level);
    const nlohmann::ordered_json line = {
        {"unix_ms", duration_cast<milliseconds>(message.time.time_since_epoch()).count()},
        {"level", std::string(level.data(), level.size())},
        {"node", node_},
        {"message", std::string(message.payload.data(), message.payload.size())}};
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>(node_);
  }

 private:
  const std::string node_;
};

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
  auto logger =
      std::make_shared<spdlog::logger>(node, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(Level(config.level));
  logger->flush_on(spdlog::level::info);
  if (config.format == LogFormat::kJson) {
    logger->set_formatter(std::make_unique<JsonFormatter>(node));
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %n: %v");
  }
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
