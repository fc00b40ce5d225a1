// A sink that lets so many lines of one cause about one peer through in a while, and says how many
// it left out with the next one. A peer that provokes a line a thousand times a second fills no disk.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "node/log/log.h"

namespace decentd {

struct LogLimit {
  int burst = 20;                        // lines of one cause and peer at once
  std::chrono::seconds each{15};         // then one in so long
  size_t remembered = 4096;              // causes with peers; the peers are the roster's
};

// Thread-safe. Lines without a cause pass. Time is that of the lines.
class LimitedSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LimitedSink(std::shared_ptr<spdlog::sinks::sink> out, LogLimit limit)
      : out_(std::move(out)), limit_(limit) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override { out_->flush(); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    out_->set_formatter(std::move(formatter));
  }

 private:
  struct Budget {
    double lines;
    spdlog::log_clock::time_point at;
    uint64_t left_out = 0;
  };
  const std::shared_ptr<spdlog::sinks::sink> out_;
  const LogLimit limit_;
  std::map<std::pair<std::string, std::string>, Budget> budgets_;  // by cause and peer
};

}  // namespace decentd
