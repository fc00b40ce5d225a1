#include "node/llm/prompts.h"

#include <filesystem>
#include <fstream>

#include "tests/llm/testing.h"

namespace decentd::llm {
namespace {

namespace fs = std::filesystem;

class PromptsDirectory : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "/prompts-" + std::to_string(::getpid());
    fs::remove_all(directory_);
    fs::copy(std::string(LLM_SOURCE_DIR) + "/node/llm/prompts", directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + "/" + name) << text;
  }
  std::string directory_;
};

TEST_F(PromptsDirectory, BuiltInPromptsAreTheFiles) {
  const auto read = ReadPrompts(directory_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->version, BuiltInPrompts().version);
  EXPECT_EQ(read->criteria.size(), 5u);
  EXPECT_EQ(read->system, BuiltInPrompts().system);
}

TEST_F(PromptsDirectory, AChangedTextChangesTheVersion) {
  Write("criteria.txt", "taste: 20 = delicious\n");
  const auto read = ReadPrompts(directory_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_NE(read->version, BuiltInPrompts().version);
  EXPECT_EQ(read->criteria.at("taste"), "20 = delicious");
}

TEST_F(PromptsDirectory, ErrorsNameTheFileAndWhatItLacks) {
  Write("judge_one.txt", "{{question}} {{criteria}} {{form}}");
  EXPECT_EQ(ReadPrompts(directory_).status().message(),
            directory_ + "/judge_one.txt: expected the placeholder {{answers}}");
  fs::remove(directory_ + "/version.txt");
  EXPECT_TRUE(absl::IsNotFound(ReadPrompts(directory_).status()));
}

TEST(FillTemplate, ValuesAreNotTemplatesThemselves) {
  EXPECT_EQ(FillTemplate("{{a}} {{b}} {{c}} {{", {{"a", "{{b}}"}, {"b", "2"}}), "{{b}} 2 {{c}} {{");
}

}  // namespace
}  // namespace decentd::llm
