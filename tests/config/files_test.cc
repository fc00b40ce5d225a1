#include "node/config/files.h"

#include <sys/stat.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/text.h"
#include "tests/config/temporary_folder.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

size_t FilesIn(const TemporaryFolder& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    ++count;
  }
  return count;
}

TEST(Files, CreatingNeverOverwrites) {
  TemporaryFolder folder;
  ASSERT_TRUE(CreateFile(folder / "a", "one").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(CreateFile(folder / "a", "two")));
  EXPECT_EQ(*ReadTextFile(folder / "a"), "one");
}

TEST(Files, ReplacingKeepsTheModeAndLeavesNothingElse) {
  TemporaryFolder folder;
  ASSERT_TRUE(CreateFile(folder / "a", "one", 0640).ok());
  ASSERT_TRUE(ReplaceFile(folder / "a", "two").ok());
  EXPECT_EQ(*ReadTextFile(folder / "a"), "two");
  struct stat status {};
  ASSERT_EQ(stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(FilesIn(folder), 1u);
  EXPECT_FALSE(ReplaceFile(folder / "absent/a", "x").ok());
}

TEST(Files, ReadingIsBoundedAndNamesThePath) {
  TemporaryFolder folder;
  ASSERT_TRUE(CreateFile(folder / "a", "12345").ok());
  EXPECT_TRUE(ReadTextFile(folder / "a", 5).ok());
  EXPECT_THAT(MessageOf(ReadTextFile(folder / "a", 4).status()), HasSubstr("larger than 4 bytes"));
  EXPECT_TRUE(absl::IsNotFound(ReadTextFile(folder / "b").status()));
  EXPECT_THAT(MessageOf(ReadTextFile(folder / "b").status()), HasSubstr(folder / "b"));
  EXPECT_THAT(MessageOf(ReadTextFile(folder.path()).status()), HasSubstr("is a directory"));
  EXPECT_THAT(MessageOf(ReadTextFile("/dev/zero").status()), HasSubstr("larger than"));
}

TEST(Files, ReadingTakesTheMemoryOfTheFileAndNotOfTheBound) {
  TemporaryFolder folder;
  const std::string content(100'000, 'x');
  ASSERT_TRUE(CreateFile(folder / "a", content).ok());
  const auto text = ReadTextFile(folder / "a", size_t{1} << 40);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, content);
  EXPECT_LT(text->capacity(), 2 * content.size());
  // What has no size beforehand is read all the same.
  EXPECT_THAT(*ReadTextFile("/proc/self/maps", size_t{1} << 40), HasSubstr("[stack]"));
}

TEST(Files, ASecretIsForItsOwnerOnly) {
  TemporaryFolder folder;
  ASSERT_TRUE(CreateFile(folder / "open", "secret\n", 0644).ok());
  EXPECT_THAT(MessageOf(ReadSecretFile(folder / "open").status()), HasSubstr("chmod 600"));
  ASSERT_TRUE(CreateFile(folder / "closed", "secret\r\n", 0600).ok());
  EXPECT_EQ(*ReadSecretFile(folder / "closed"), "secret");
  ASSERT_TRUE(CreateFile(folder / "empty", "\n", 0600).ok());
  EXPECT_THAT(MessageOf(ReadSecretFile(folder / "empty").status()), HasSubstr("is empty"));
}

TEST(Files, PathsAreRelativeToTheFileThatNamesThem) {
  EXPECT_EQ(RelativeTo("/etc/decentd/node.yaml", "data"), "/etc/decentd/data");
  EXPECT_EQ(RelativeTo("node.yaml", "data"), "data");
  EXPECT_EQ(RelativeTo("a/node.yaml", "../b"), "b");
  EXPECT_EQ(RelativeTo("/etc/node.yaml", "/var/data"), "/var/data");
  EXPECT_EQ(RelativeTo("/etc/node.yaml", ""), "");
}

}  // namespace
}  // namespace decentd
