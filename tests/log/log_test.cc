// Lines of the log: one event each, with its fields, and not without end.
#include "node/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "node/log/formatters.h"
#include "node/log/limited_sink.h"

namespace decentd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  std::vector<std::string> Lines() const {
    return absl::StrSplit(out_.str(), '\n', absl::SkipEmpty());
  }
  // At a time of its own, in seconds.
  void At(int seconds, const std::string& cause, const std::string& peer) {
    const LogFields fields{cause, peer, ""};
    // As Log makes it, for a sink takes the time from the message.
    spdlog::logger one("", std::make_shared<Retimed>(limited_, seconds));
    Log(one, spdlog::level::warn, fields, absl::StrCat("at ", seconds));
  }
  class Retimed final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    Retimed(std::shared_ptr<spdlog::sinks::sink> to, int seconds) : to_(to), seconds_(seconds) {}
    void sink_it_(const spdlog::details::log_msg& message) override {
      spdlog::details::log_msg moved = message;
      moved.time = spdlog::log_clock::time_point(std::chrono::seconds(seconds_));
      to_->log(moved);
    }
    void flush_() override {}

   private:
    const std::shared_ptr<spdlog::sinks::sink> to_;
    const int seconds_;
  };

  std::ostringstream out_;
  const std::shared_ptr<spdlog::sinks::sink> sink_ =
      std::make_shared<spdlog::sinks::ostream_sink_mt>(out_);
  const std::shared_ptr<LimitedSink> limited_ =
      std::make_shared<LimitedSink>(sink_, LogLimit{2, std::chrono::seconds(10), 100});
  spdlog::logger logger_{"", limited_};
};

TEST_F(LogTest, TextNamesPeerAndRound) {
  limited_->set_formatter(TextLines("alice"));
  Log(logger_, spdlog::level::warn, {"equivocation", "bob", "ab12"}, "he lied");
  logger_.info("ready");
  ASSERT_THAT(Lines(), SizeIs(2));
  EXPECT_THAT(Lines()[0], EndsWith("warning alice: he lied peer=bob round=ab12"));
  EXPECT_THAT(Lines()[1], EndsWith("info alice: ready"));
}

TEST_F(LogTest, JsonHasThemAsFields) {
  limited_->set_formatter(JsonLines("alice"));
  Log(logger_, spdlog::level::warn, {"equivocation", "bob", "ab12"}, "he \"lied\" \xff");
  const auto line = nlohmann::json::parse(Lines().at(0));
  EXPECT_EQ(line["message"], "he \"lied\" \xEF\xBF\xBD");
  EXPECT_EQ(line["peer"], "bob");
  EXPECT_EQ(line["round"], "ab12");
  EXPECT_EQ(line["cause"], "equivocation");
  EXPECT_EQ(line["node"], "alice");
  logger_.info("ready");
  EXPECT_FALSE(nlohmann::json::parse(Lines().at(1)).contains("peer"));
}

// A peer's words in a text can make neither a second line nor fields.
TEST_F(LogTest, WhatAPeerSaysStaysInItsText) {
  limited_->set_formatter(JsonLines("alice"));
  Log(logger_, spdlog::level::warn, {"refused", "bob", ""},
      "bob says: x\x1f" "cause\x1fmallory\nforged line");
  ASSERT_THAT(Lines(), SizeIs(1));
  const auto line = nlohmann::json::parse(Lines()[0]);
  EXPECT_EQ(line["peer"], "bob");
  EXPECT_EQ(line["message"], "bob says: x cause mallory forged line");
}

TEST_F(LogTest, OneCauseOfOnePeerIsLimitedAndWhatIsLeftOutIsCounted) {
  limited_->set_formatter(TextLines("alice"));
  for (int i = 0; i < 5; ++i) At(100, "refused", "bob");
  EXPECT_THAT(Lines(), SizeIs(2));
  At(100, "refused", "carol");
  At(100, "linked", "bob");
  EXPECT_THAT(Lines(), SizeIs(4)) << "others have a budget of their own";
  At(109, "refused", "bob");
  EXPECT_THAT(Lines(), SizeIs(4));
  At(110, "refused", "bob");
  ASSERT_THAT(Lines(), SizeIs(5));
  EXPECT_THAT(Lines()[4], HasSubstr("at 110 (and 4 times more that were left out) peer=bob"));
  At(130, "refused", "bob");
  ASSERT_THAT(Lines(), SizeIs(6));
  EXPECT_THAT(Lines()[5], Not(HasSubstr("left out")));
}

TEST_F(LogTest, ALineWithoutACauseIsNeverLeftOut) {
  for (int i = 0; i < 50; ++i) logger_.info("line");
  EXPECT_THAT(Lines(), SizeIs(50));
}

}  // namespace
}  // namespace decentd
