#include "node/llm/text.h"

#include "gtest/gtest.h"

namespace decentd::llm {
namespace {

TEST(Text, AcceptsExactlyWellFormedUtf8) {
  for (const char* good : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF", "a\xFE"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

TEST(Text, PrefixNeverSplitsACharacter) {
  const std::string text =
      "a\xE2\x82\xAC"
      "b";
  EXPECT_EQ(Utf8Prefix(text, 3), "a");
  EXPECT_EQ(Utf8Prefix(text, 4), "a\xE2\x82\xAC");
  EXPECT_EQ(Utf8Prefix(text, 99), text);
}

TEST(Text, OneLineHoldsNoControlCharactersAndNoBrokenBytes) {
  EXPECT_EQ(OneLine("a\r\n\tb\x1B[0m\x7F\xC2\x85"
                    "c\xFF\n",
                    100),
            "a b [0m c?");
  EXPECT_EQ(OneLine("\xE2\x82\xAC\xE2\x82\xAC", 4), "\xE2\x82\xAC");
  EXPECT_EQ(LastOneLine("first\nlast words", 10), "last words");
}

TEST(Text, RedactsEveryOccurrence) {
  EXPECT_EQ(Redact("key sk-1, again sk-1", "sk-1"), "key [secret], again [secret]");
  EXPECT_EQ(Redact("nothing", ""), "nothing");
}

}  // namespace
}  // namespace decentd::llm
