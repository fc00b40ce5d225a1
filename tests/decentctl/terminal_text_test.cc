#include "tools/decentctl/terminal_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tools/decentctl/council_client.h"
#include "tools/decentctl/text_table.h"

namespace decentd {
namespace {

TEST(PrintableText, EscapeSequencesBecomeVisible) {
  EXPECT_EQ(PrintableText("\x1b[31mred\x1b[0m"), "␛[31mred␛[0m");
  EXPECT_EQ(PrintableText("\x1b]52;c;cm0gLXJm\x07"), "␛]52;c;cm0gLXJm␇");
  EXPECT_EQ(PrintableText(std::string("a\0b\x7f\b", 5)), "a␀b␡␈");
  EXPECT_EQ(PrintableText("\xC2\x9B"
                          "31m"),
            "<U+009B>31m")
      << "the one-byte form of ESC [";
}

TEST(PrintableText, TextThatReordersOrHidesBecomesVisible) {
  EXPECT_EQ(PrintableText("a\xE2\x80\xAE"
                          "b"),
            "a<U+202E>b");
  EXPECT_EQ(PrintableText("\xE2\x81\xA6x\xEF\xBB\xBF"), "<U+2066>x<U+FEFF>");
}

TEST(PrintableText, OrdinaryTextStaysAsItIs) {
  const std::string text = "Grüße, 世界 🙂\n\tline two";
  EXPECT_EQ(PrintableText(text), text);
  EXPECT_EQ(PrintableText("a\r\nb\rc"), "a\nb\nc");
}

TEST(PrintableText, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(PrintableText("\xFF\xC0\xAF"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(PrintableText("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(PrintableText("cut \xE4\xB8"), "cut \uFFFD\uFFFD");
}

TEST(PrintableText, NoBytesLeaveAControlCharacter) {
  std::minstd_rand random(3);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string line = PrintableLine(bytes);
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    EXPECT_EQ(PrintableText(line), line) << "printable text is left alone";
  }
}

TEST(PrintableLine, WhiteSpaceBecomesOneSpace) {
  EXPECT_EQ(PrintableLine("  a\n\n b\t c \n"), "a b c");
}

TEST(Shorten, CutsByColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("世界e\u0301"), 5u);
  EXPECT_EQ(Shorten("世界世界", 5), "世界…");
  EXPECT_EQ(Shorten("世界世界", 4), "世…");
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("abcd", 3), "ab…");
  EXPECT_EQ(Shorten("abcd", 0), "");
}

TEST(Numbers, AreToldInTheUnitThatFits) {
  EXPECT_EQ(DurationText(absl::Milliseconds(850)), "850 ms");
  EXPECT_EQ(DurationText(absl::Milliseconds(12'340)), "12.3 s");
  EXPECT_EQ(DurationText(absl::Milliseconds(59'990)), "1 min 00 s");
  EXPECT_EQ(DurationText(absl::Seconds(125)), "2 min 05 s");
  EXPECT_EQ(DurationText(absl::Minutes(125)), "2 h 05 min");
  EXPECT_EQ(DurationText(-absl::Seconds(1)), "0 ms") << "clocks differ";
  EXPECT_EQ(FormatMicroPoints(17'429'999), "17.42") << "rounded down";
  EXPECT_EQ(FormatMicroPoints(20'000'000), "20.00");
  EXPECT_EQ(FormatMicroPoints(50'000), "0.05");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(3u << 20), "3.0 MiB");
  EXPECT_EQ(FormatCount(1, "node"), "1 node");
  EXPECT_EQ(FormatOptional(std::nullopt), "-") << "unknown is not zero";
}

TEST(ParseTimeout, TakesAPositiveTimeWithItsUnit) {
  EXPECT_EQ(*ParseTimeout("90s"), absl::Seconds(90));
  EXPECT_EQ(*ParseTimeout("1h30m"), absl::Minutes(90));
  for (const char* bad : {"", "5", "0s", "-1s", "inf", "5 m", "1000000h", "m"}) {
    EXPECT_FALSE(ParseTimeout(bad).ok()) << bad;
  }
}

TEST(TextTable, AlignsByColumnsAndKeepsRowsOnOneLine) {
  TextTable table({{"node"}, {"score", TextTable::Align::kRight}, {"text", {}, 6}});
  table.Add({"世界", "1.00", "line\nbreak"});
  table.Add({"b", "17.42", "\x1b[2J"});
  table.Add({"c"});
  EXPECT_EQ(table.ToString(1),
            " node  score  text\n"
            " 世界   1.00  line …\n"
            " b     17.42  ␛[2J\n"
            " c\n");
}

TEST(NodeTarget, IsPlainOnlyOnThisMachineUnlessToldSo) {
  EXPECT_FALSE(NodeTarget::Parse("127.0.0.1:7100")->tls);
  EXPECT_FALSE(NodeTarget::Parse("[::1]:7100")->tls);
  EXPECT_TRUE(NodeTarget::Parse("10.0.0.1:7100")->tls);
  EXPECT_TRUE(NodeTarget::Parse("tls://127.0.0.1:7100")->tls);
  EXPECT_FALSE(NodeTarget::Parse("insecure://10.0.0.1:7100")->tls);
  for (const char* bad : {"", "host", "host:0", "http://host:1", "tls://", "host:1/x"}) {
    EXPECT_FALSE(NodeTarget::Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace decentd
