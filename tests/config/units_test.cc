#include "node/config/units.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/text.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

TEST(Duration, HasAUnit) {
  EXPECT_EQ(*ParseDuration("500ms"), 500u);
  EXPECT_EQ(*ParseDuration("30s"), 30'000u);
  EXPECT_EQ(*ParseDuration("2m"), 120'000u);
  EXPECT_EQ(*ParseDuration("1h"), 3'600'000u);
  EXPECT_EQ(*ParseDuration("7d"), 604'800'000u);
  EXPECT_THAT(MessageOf(ParseDuration("30").status()), HasSubstr("30 has no unit; expected"));
  EXPECT_THAT(MessageOf(ParseDuration("30 s").status()), HasSubstr("unknown unit ' s'"));
  EXPECT_THAT(MessageOf(ParseDuration("3w").status()), HasSubstr("500ms, 30s, 2m"));
  for (const char* text :
       {"", "s", "-1s", "1.5s", "0x1s", "99999999999999999999s", "9999999999999999d"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Duration, IsWrittenAsItIsRead) {
  for (uint64_t ms : {0u, 1u, 999u, 1'000u, 1'500u, 60'000u, 61'000u, 3'600'000u, 86'400'000u}) {
    EXPECT_EQ(*ParseDuration(FormatDuration(ms)), ms);
  }
  EXPECT_EQ(FormatDuration(120'000), "2m");
  EXPECT_EQ(FormatDuration(1'500), "1500ms");
}

TEST(Size, HasAUnit) {
  EXPECT_EQ(*ParseSize("64KiB"), 65'536u);
  EXPECT_EQ(*ParseSize("1MiB"), 1'048'576u);
  EXPECT_EQ(FormatSize(65'536), "64KiB");
  EXPECT_THAT(MessageOf(ParseSize("64").status()), HasSubstr("has no unit"));
  EXPECT_THAT(MessageOf(ParseSize("64kb").status()), HasSubstr("64KiB"));
}

TEST(HostPortText, IsAHostAndAPort) {
  EXPECT_EQ(ParseHostPort("node.example.org:7400")->port, 7400);
  EXPECT_EQ(ParseHostPort("[::1]:80")->host, "::1");
  EXPECT_EQ(FormatHostPort(*ParseHostPort("[::1]:80")), "[::1]:80");
  EXPECT_TRUE(ParseHostPort("a:0", /*allow_any_port=*/true).ok());
  for (const char* text : {"", "a", ":1", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a:080", "a b:1",
                           "http://a:1", "[a]:1", "[]:1", "::1:80", "a/b:1", "a,b:1"}) {
    EXPECT_FALSE(ParseHostPort(text).ok()) << text;
  }
}

TEST(Loopback, IsThisMachineOnly) {
  for (const char* host : {"localhost", "127.0.0.1", "127.8.8.8", "::1"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.evil.example", "localhost.example"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(NearestWordTest, FindsTheMistypedOneAndNoOther) {
  EXPECT_EQ(NearestWord("lsiten", {"listen", "insecure"}), "listen");
  EXPECT_EQ(NearestWord("adress", {"addresses", "name"}), "addresses");
  EXPECT_EQ(NearestWord("colour", {"listen", "name"}), "");
}

}  // namespace
}  // namespace decentd
