// Copies of a database that is in use (DiskStore::CopyTo).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "storage/directory_lock.h"
#include "storage/rocksdb_store.h"
#include "tests/contract/faulty_file_system.h"
#include "tests/contract/temp_directory.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

class RocksDbCopy : public ::testing::Test {
 protected:
  std::unique_ptr<DiskStore> Open(const std::string& path) {
    RocksDbOptions options;
    options.path = path;
    if (path == directory_ / "db") options.file_system = faults_;
    auto store = OpenRocksDbStore(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  static void Put(Store& store, const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(key, value);
    ASSERT_TRUE(store.WriteSynced(batch).ok());
  }
  static WriteBatch Mark() {
    WriteBatch mark;
    mark.Put("mark", "copy");
    return mark;
  }
  std::string Copy() { return directory_ / "copy"; }

  TempDirectory directory_;
  std::shared_ptr<FaultyFileSystem> faults_ = std::make_shared<FaultyFileSystem>();
  std::unique_ptr<DiskStore> store_ = Open(directory_ / "db");
};

TEST_F(RocksDbCopy, HoldsWhatWasWrittenBeforeAndTheMarkAlone) {
  Put(*store_, "a", "1");
  const auto bytes = store_->CopyTo(Copy(), Mark());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_GT(*bytes, 0u);
  Put(*store_, "a", "2");
  Put(*store_, "b", "1");
  EXPECT_TRUE(absl::IsNotFound(store_->Get("mark").status()));
  const auto copy = Open(Copy());
  EXPECT_EQ(*copy->Get("a"), "1");
  EXPECT_TRUE(absl::IsNotFound(copy->Get("b").status()));
  EXPECT_EQ(*copy->Get("mark"), "copy");
}

TEST_F(RocksDbCopy, IsNotChangedByWhatTheDatabaseDoesLater) {
  for (int i = 0; i < 100; ++i) Put(*store_, "key" + std::to_string(i), std::string(1000, 'x'));
  ASSERT_TRUE(store_->CopyTo(Copy(), Mark()).ok());
  WriteBatch batch;
  batch.DeleteRange("key", "kez");
  ASSERT_TRUE(store_->WriteSynced(batch).ok());
  ASSERT_TRUE(store_->Compact().ok());
  store_.reset();
  const auto copy = Open(Copy());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(copy->Get("key" + std::to_string(i)).ok()) << i;
}

// Each batch writes its number to two keys: a copy never holds half of one.
TEST_F(RocksDbCopy, IsConsistentWhileOthersWrite) {
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    for (int i = 1; !stop; ++i) {
      WriteBatch batch;
      batch.Put("first", std::to_string(i));
      batch.Put("second", std::to_string(i));
      ASSERT_TRUE(store_->WriteSynced(batch).ok());
      written = i;
    }
  });
  for (int i = 0; i < 5; ++i) {
    const int before = written;
    const std::string path = directory_ / ("copy" + std::to_string(i));
    ASSERT_TRUE(store_->CopyTo(path, Mark()).ok());
    const auto copy = Open(path);
    if (before == 0) continue;
    EXPECT_EQ(*copy->Get("first"), *copy->Get("second"));
    EXPECT_GE(std::stoi(*copy->Get("first")), before);
  }
  stop = true;
  writer.join();
}

TEST_F(RocksDbCopy, ADirectoryThatIsThereIsLeftAlone) {
  std::filesystem::create_directory(Copy());
  const auto bytes = store_->CopyTo(Copy(), Mark());
  EXPECT_TRUE(absl::IsAlreadyExists(bytes.status()));
  EXPECT_THAT(bytes.status().message(), HasSubstr("is there already"));
  EXPECT_TRUE(std::filesystem::is_empty(Copy()));
}

TEST_F(RocksDbCopy, OneThatFailsLeavesNothingBehind) {
  Put(*store_, "a", "1");
  const auto bytes = store_->CopyTo(directory_ / "missing/copy", Mark());
  EXPECT_FALSE(bytes.ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "missing"));
  EXPECT_EQ(*store_->Get("a"), "1");
  Put(*store_, "a", "2");
}

// Whoever renamed what another had not marked would pass an unmarked copy for a backup.
TEST_F(RocksDbCopy, OneCopyAtATimeIsMadeForOnePlace) {
  std::filesystem::create_directory(Copy() + ".partial");
  const auto other = DirectoryLock::Acquire(Copy() + ".partial", "another backup");
  ASSERT_TRUE(other.ok());
  const auto bytes = store_->CopyTo(Copy(), Mark());
  EXPECT_TRUE(absl::IsFailedPrecondition(bytes.status())) << bytes.status();
  EXPECT_THAT(bytes.status().message(), HasSubstr("another backup"));
  EXPECT_FALSE(std::filesystem::exists(Copy()));
}

// Whatever was lost, what is left can be opened, and says that it was repaired.
TEST_F(RocksDbCopy, ARepairedDatabaseCanBeOpenedWhateverItLost) {
  Put(*store_, "a", std::string(100'000, 'x'));
  ASSERT_TRUE(store_->Compact().ok());
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(directory_ / "db")) {
    if (entry.path().extension() == ".sst") {
      std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
    }
  }
  RocksDbOptions options;
  options.path = directory_ / "db";
  EXPECT_TRUE(RepairRocksDb(options, Mark()).ok());
  const auto store = Open(directory_ / "db");
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(*store->Get("mark"), "copy");
  EXPECT_TRUE(store->CheckFiles().ok());
}

// Between the repair and its mark the process may die: nobody shall use what is not marked.
TEST_F(RocksDbCopy, ARepairThatWasCutShortIsRefusedUntilItIsDoneAgain) {
  Put(*store_, "a", "1");
  store_.reset();
  std::ofstream(directory_ / "db/REPAIR_UNDER_WAY").flush();
  RocksDbOptions options;
  options.path = directory_ / "db";
  const auto refused = OpenRocksDbStore(options);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(refused.status().message(), HasSubstr("repair it again"));
  ASSERT_TRUE(RepairRocksDb(options, Mark()).ok());
  const auto store = Open(directory_ / "db");
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(*store->Get("mark"), "copy");
  EXPECT_EQ(*store->Get("a"), "1");
}

TEST_F(RocksDbCopy, NothingButADatabaseOfThisProgramIsRepaired) {
  RocksDbOptions options;
  options.path = directory_ / "other";
  EXPECT_TRUE(absl::IsNotFound(RepairRocksDb(options, Mark())));
  std::filesystem::create_directory(options.path);
  EXPECT_TRUE(absl::IsNotFound(RepairRocksDb(options, Mark())));
  options.path = directory_ / "db";
  EXPECT_TRUE(absl::IsFailedPrecondition(RepairRocksDb(options, Mark()))) << "it is in use";
}

TEST_F(RocksDbCopy, DamagedFilesAreFound) {
  Put(*store_, "a", std::string(100'000, 'x'));
  ASSERT_TRUE(store_->Compact().ok());
  EXPECT_TRUE(store_->CheckFiles().ok());
  for (const auto& entry : std::filesystem::directory_iterator(directory_ / "db")) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 3));
    file << "damage";
  }
  EXPECT_TRUE(absl::IsDataLoss(store_->CheckFiles()));
}

TEST_F(RocksDbCopy, WhatACutShortCopyLeftIsReplaced) {
  Put(*store_, "a", "1");
  std::filesystem::create_directories(Copy() + ".partial/copy");
  ASSERT_TRUE(store_->CopyTo(Copy(), Mark()).ok());
  EXPECT_EQ(*Open(Copy())->Get("a"), "1");
  EXPECT_FALSE(std::filesystem::exists(Copy() + ".partial"));
}

}  // namespace
}  // namespace decentd
