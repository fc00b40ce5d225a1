#include "node/config/yaml_document.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/text.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ErrorOf(std::string_view text) { return MessageOf(ParseYaml(text, "f.yaml").status()); }

TEST(YamlDocument, RemembersWhereThingsStood) {
  const absl::StatusOr<YamlValue> root = ParseYaml("a: 1\nb:\n  - x\n  - \"y\"\n", "f.yaml");
  ASSERT_TRUE(root.ok()) << root.status();
  ASSERT_EQ(root->items.size(), 2u);
  EXPECT_EQ(root->items[0].text, "1");
  const YamlValue& list = root->items[1];
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(YamlPlace("f.yaml", list.items[1]), "f.yaml:4:5");
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_FALSE(list.items[0].quoted);
}

TEST(YamlDocument, RefusesAKeyGivenTwice) {
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3:1: the key 'a' was given before, in line 1; keep one of them");
}

TEST(YamlDocument, RefusesWhatCouldHideOrGrow) {
  EXPECT_THAT(ErrorOf("a: &x [1]\nb: 2\n"), HasSubstr("f.yaml:1:4: anchors (&name)"));
  EXPECT_THAT(ErrorOf("a: &x 1\nb: *x\n"), HasSubstr("anchors"));
  EXPECT_THAT(ErrorOf("a: !!binary aGk=\n"), HasSubstr("the tag"));
  EXPECT_THAT(ErrorOf("a: 1\n---\nb: 2\n"), HasSubstr("second document"));
  EXPECT_THAT(ErrorOf("a: " + std::string(40, '[') + std::string(40, ']')),
              HasSubstr("nested more than 32"));
  EXPECT_FALSE(ParseYaml(std::string(200'000, '['), "f.yaml").ok());
  EXPECT_FALSE(ParseYaml(std::string(200'000, '{'), "f.yaml").ok());
}

TEST(YamlDocument, SaysWhereItIsBroken) {
  EXPECT_THAT(ErrorOf("a: [1, 2\nb: 3\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(ErrorOf("a: 1\n\tb: 2\n"), StartsWith("f.yaml:2:"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("the file is empty"));
  EXPECT_THAT(ErrorOf("# only a comment\n"), HasSubstr("the file is empty"));
  EXPECT_THAT(ErrorOf("- a\n"), HasSubstr("key: value"));
  EXPECT_THAT(ErrorOf("[a]: 1\n"), HasSubstr("a key must be a plain word"));
  EXPECT_THAT(ErrorOf("{a: 1}: 1\n"), HasSubstr("a key must be a plain word"));
}

// Whatever bytes come, the answer is a status.
TEST(YamlDocument, NoBytesEscapeAsAnException) {
  uint32_t state = 1;
  const std::string alphabet = "ab:-[]{}&*!|>'\"%@`#?,\n\t \\~\x01\x80\xff";
  for (int run = 0; run < 20'000; ++run) {
    std::string text;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525u + 1013904223u;
      text += alphabet[(state >> 16) % alphabet.size()];
    }
    EXPECT_NO_THROW((void)ParseYaml(text, "f.yaml")) << text;
  }
}

TEST(YamlScalarTest, ReadsBackAsTheSameText) {
  for (const char* text : {"", "a", "alice-1", "null", "~", "true", "a: b", "#x", "- x", "\"q\"",
                           "back\\slash", " padded ", "*a", "[1]", "host:80", "..", "%"}) {
    const absl::StatusOr<YamlValue> root = ParseYaml("k: " + YamlScalar(text) + "\n", "f");
    ASSERT_TRUE(root.ok()) << text << root.status();
    EXPECT_EQ(root->items[0].type, YamlValue::Type::kScalar) << text;
    EXPECT_EQ(root->items[0].text, text);
  }
}

}  // namespace
}  // namespace decentd
