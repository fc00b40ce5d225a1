#include "tools/bench/delay.h"

#include "gtest/gtest.h"

namespace decentd::bench {
namespace {

TEST(Delay, ConstantIsKnownToTheReport) {
  const auto delay = ParseDelay("constant:1s");
  ASSERT_TRUE(delay.ok()) << delay.status();
  EXPECT_EQ(delay->script, "{constant: 1000}");
  EXPECT_EQ(delay->constant_ms, 1000.0);
}

TEST(Delay, DistributionsBecomeTheScriptsOwn) {
  EXPECT_EQ(ParseDelay("uniform:200ms-0.9s")->script, "{uniform: [200, 900]}");
  EXPECT_EQ(ParseDelay("exponential:400ms")->script, "{exponential: 400}");
  EXPECT_FALSE(ParseDelay("exponential:400ms")->constant_ms.has_value());
}

TEST(Delay, WhatIsNoDelayIsRefusedWithTheFormsThatAre) {
  for (const char* text : {"", "1s", "constant", "constant:", "constant:5", "constant:-1s",
                           "constant:1h", "uniform:1s", "uniform:2s-1s", "uniform:1s-", "normal:1s",
                           "constant:inf", "exponential:1s-2s"}) {
    const auto delay = ParseDelay(text);
    ASSERT_FALSE(delay.ok()) << text;
    EXPECT_NE(delay.status().message().find("expected constant:1s"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace decentd::bench
