#include "node/log/formatters.h"

#include <spdlog/pattern_formatter.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "node/log/log.h"

namespace decentd {
namespace {

class TextFormatter final : public spdlog::formatter {
 public:
  explicit TextFormatter(std::string node)
      : node_(std::move(node)), pattern_("%Y-%m-%dT%H:%M:%S.%e %l " + node_ + ": %v") {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const LoggedLine line = ParseLogged({message.payload.data(), message.payload.size()});
    std::string text = line.text;
    if (!line.fields.peer.empty()) absl::StrAppend(&text, " peer=", line.fields.peer);
    if (!line.fields.round.empty()) absl::StrAppend(&text, " round=", line.fields.round);
    spdlog::details::log_msg shown = message;
    shown.payload = text;
    pattern_.format(shown, out);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<TextFormatter>(node_);
  }

 private:
  const std::string node_;
  spdlog::pattern_formatter pattern_;
};

// spdlog's patterns do not escape, and a peer's words may hold quotes.
class JsonFormatter final : public spdlog::formatter {
 public:
  explicit JsonFormatter(std::string node) : node_(std::move(node)) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using namespace std::chrono;
    const auto level = spdlog::level::to_string_view(message.level);
    const LoggedLine logged = ParseLogged({message.payload.data(), message.payload.size()});
    nlohmann::ordered_json line = {
        {"unix_ms", duration_cast<milliseconds>(message.time.time_since_epoch()).count()},
        {"level", std::string(level.data(), level.size())},
        {"node", node_},
        {"message", logged.text}};
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) line[name] = value;
    };
    add("cause", logged.fields.cause);
    add("peer", logged.fields.peer);
    add("round", logged.fields.round);
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

}  // namespace

std::unique_ptr<spdlog::formatter> TextLines(const std::string& node) {
  return std::make_unique<TextFormatter>(node);
}

std::unique_ptr<spdlog::formatter> JsonLines(const std::string& node) {
  return std::make_unique<JsonFormatter>(node);
}

}  // namespace decentd
