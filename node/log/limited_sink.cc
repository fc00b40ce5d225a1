#include "node/log/limited_sink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace decentd {

void LimitedSink::sink_it_(const spdlog::details::log_msg& message) {
  const std::string_view payload(message.payload.data(), message.payload.size());
  const LoggedLine line = ParseLogged(payload);
  if (line.fields.cause.empty()) return out_->log(message);
  const std::pair key(line.fields.cause, line.fields.peer);
  if (budgets_.size() >= limit_.remembered && !budgets_.contains(key)) budgets_.clear();
  Budget& budget =
      budgets_.try_emplace(key, Budget{static_cast<double>(limit_.burst), message.time})
          .first->second;
  const std::chrono::duration<double> passed = message.time - budget.at;
  budget.lines = std::min<double>(limit_.burst,
                                  budget.lines + std::max(0.0, passed / limit_.each));
  budget.at = message.time;
  if (budget.lines < 1) {
    ++budget.left_out;
    return;
  }
  budget.lines -= 1;
  if (budget.left_out == 0) return out_->log(message);
  const std::string fields(payload.substr(std::min(payload.find('\x1f'), payload.size())));
  const std::string told = absl::StrCat(line.text, " (and ", std::exchange(budget.left_out, 0),
                                        " times more that were left out)", fields);
  spdlog::details::log_msg counted = message;
  counted.payload = told;
  out_->log(counted);
}

}  // namespace decentd
