// Which database may vote with which key, docs/SPEC.md, section 11.
#include "node/runtime/binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "node/runtime/archive.h"
#include "node/runtime/keys.h"
#include "storage/mem_store.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

class BindingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "binding-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ + "/identity.binding";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void ExpectRefused(Store& store, const std::string& why) {
    const auto bound = Bind(store, file_);
    EXPECT_TRUE(absl::IsFailedPrecondition(bound.status())) << bound.status();
    EXPECT_THAT(bound.status().message(), HasSubstr(why));
    EXPECT_THAT(bound.status().message(), HasSubstr("--accept-lost-database")) << "the way out";
  }

  MemStore store_;
  std::string folder_, file_;
};

TEST_F(BindingTest, EachStartCountsOne) {
  EXPECT_EQ(*Bind(store_, file_), 1u);
  EXPECT_EQ(*Bind(store_, file_), 2u);
  EXPECT_EQ(*Bind(store_, file_), 3u);
}

TEST_F(BindingTest, ANewDatabaseWithAKeyThatVotedIsRefused) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  MemStore fresh;
  ExpectRefused(fresh, "this one is new");
}

TEST_F(BindingTest, AnOldCopyIsRefused) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  const auto copy = store_.Clone();
  ASSERT_TRUE(Bind(store_, file_).ok());
  ExpectRefused(*copy, "an old copy");
}

// Made while the node ran, it has the counter of the latest start.
TEST_F(BindingTest, ABackupIsRefusedUntilItIsAcceptedAsOne) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  const auto copy = store_.Clone();
  ASSERT_TRUE(copy->WriteSynced(CopyMark(1'700'000'000'000)).ok());
  ExpectRefused(*copy, "a copy that was made of another at 2023-11-14T22:13:20");
  ASSERT_TRUE(AcceptLostDatabase(*copy, file_, 1'700'000'000'000).ok());
  EXPECT_TRUE(Bind(*copy, file_).ok());
}

TEST_F(BindingTest, ARepairedDatabaseIsRefusedUntilItIsAccepted) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  ASSERT_TRUE(store_.WriteSynced(RepairMark(1'700'000'000'000)).ok());
  ExpectRefused(store_, "was repaired at 2023-11-14T22:13:20");
  ASSERT_TRUE(AcceptLostDatabase(store_, file_, 1'700'000'000'000).ok());
  EXPECT_TRUE(Bind(store_, file_).ok());
}

TEST_F(BindingTest, AnotherKeysDatabaseIsRefused) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  MemStore other;
  ASSERT_TRUE(Bind(other, folder_ + "/other").ok());
  ExpectRefused(other, "another key directory");
}

TEST_F(BindingTest, AUsedDatabaseWithoutTheFileIsRefused) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  ASSERT_TRUE(Bind(store_, file_).ok());
  std::filesystem::remove(file_);
  ExpectRefused(store_, "is missing");
}

TEST_F(BindingTest, ADamagedFileIsRefused) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  std::ofstream(file_) << "rubbish";
  ExpectRefused(store_, "is damaged");
}

// Between the database's write and the file's: the database is one ahead, and nothing was said.
TEST_F(BindingTest, ACrashBetweenTheTwoWritesIsHarmless) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  std::filesystem::copy_file(file_, file_ + ".before");
  ASSERT_TRUE(Bind(store_, file_).ok());
  std::filesystem::rename(file_ + ".before", file_);
  EXPECT_EQ(*Bind(store_, file_), 3u);

  MemStore first;  // on the very first start
  const std::string file = folder_ + "/first";
  ASSERT_TRUE(Bind(first, file).ok());
  std::filesystem::remove(file);
  EXPECT_EQ(*Bind(first, file), 2u);
}

TEST_F(BindingTest, AnErrorOfTheDatabaseIsPassedOnAndTheFileStays) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  store_.FailNextWrites(absl::ResourceExhaustedError("full"));
  EXPECT_TRUE(absl::IsResourceExhausted(Bind(store_, file_).status()));
  EXPECT_EQ(*Bind(store_, file_), 2u);
}

TEST_F(BindingTest, AcceptingALostDatabaseSetsAWatermarkAndEndsTheOpenRounds) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  const auto old = store_.Clone();
  ASSERT_TRUE(Bind(store_, file_).ok());
  ASSERT_TRUE(Bind(store_, file_).ok());
  const RoundId open{Sha256("open")};
  WriteBatch writes;
  writes.Put(keys::OfRecord(open, 0), "journal");
  writes.Put(std::string(keys::kHalted), "it forgot");
  ASSERT_TRUE(old->WriteSynced(writes).ok());

  const auto starts = AcceptLostDatabase(*old, file_, 5'000);
  ASSERT_TRUE(starts.ok()) << starts.status();
  // Peers take a heartbeat of an earlier start for an old one.
  EXPECT_GT(*starts, 3u);
  const auto archive = Archive::Open(*old);
  ASSERT_TRUE(archive.ok());
  EXPECT_EQ(archive->watermark(), 5'000);
  EXPECT_TRUE(archive->IsOver(open));
  EXPECT_TRUE(absl::IsNotFound(old->Get(keys::OfRecord(open, 0)).status()));
  EXPECT_TRUE(absl::IsNotFound(old->Get(keys::kHalted).status()));
  EXPECT_EQ(*Bind(*old, file_), *starts + 1);
  ExpectRefused(store_, "another key directory");
}

TEST_F(BindingTest, AcceptingWithAnEmptyDatabaseCountsOnFromTheFile) {
  ASSERT_TRUE(Bind(store_, file_).ok());
  ASSERT_TRUE(Bind(store_, file_).ok());
  MemStore fresh;
  EXPECT_EQ(*AcceptLostDatabase(fresh, file_, 5'000), 3u);
}

}  // namespace
}  // namespace decentd
