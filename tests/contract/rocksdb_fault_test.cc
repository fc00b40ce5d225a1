// What RocksDbStore promises when the disk is full or fails (storage/rocksdb_store.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "storage/rocksdb_store.h"
#include "tests/contract/faulty_file_system.h"
#include "tests/contract/temp_directory.h"

namespace decentd {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RocksDbFault : public ::testing::Test {
 protected:
  RocksDbFault() { Open(); }

  std::unique_ptr<Store> OpenAt(const std::string& path,
                                std::shared_ptr<rocksdb::FileSystem> file_system) {
    RocksDbOptions options;
    options.path = path;
    options.file_system = std::move(file_system);
    options.warn = [this](const std::string&) { ++warnings_; };
    auto store = OpenRocksDbStore(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Open() { store_ = OpenAt(directory_ / "db", faults_); }

  absl::Status Put(const std::string& key, const std::string& value = "value") {
    WriteBatch batch;
    batch.Put(key, value);
    batch.Put(key + "'", value);
    return store_->WriteSynced(batch);
  }
  static bool Has(const Store& store, const std::string& key) {
    const bool first = store.Get(key).ok(), second = store.Get(key + "'").ok();
    EXPECT_EQ(first, second) << "half a batch is visible: " << key;
    return first;
  }
  bool Has(const std::string& key) const { return Has(*store_, key); }

  // What a restart after the loss of this process at this moment would find.
  std::unique_ptr<Store> Crashed() {
    const std::string copy = directory_ / ("copy" + std::to_string(copies_++));
    fs::copy(directory_ / "db", copy, fs::copy_options::recursive);
    return OpenAt(copy, nullptr);
  }

  TempDirectory directory_;
  std::shared_ptr<FaultyFileSystem> faults_ = std::make_shared<FaultyFileSystem>();
  std::atomic<int> warnings_ = 0;  // of RocksDB, lines
  std::unique_ptr<Store> store_;
  int copies_ = 0;
};

TEST_F(RocksDbFault, AnAcknowledgedWriteWasSynced) {
  const int before = faults_->syncs();
  ASSERT_TRUE(Put("a").ok());
  EXPECT_GT(faults_->syncs(), before);
}

TEST_F(RocksDbFault, OnAFullDiskNothingOfTheBatchIsVisibleNowOrAfterARestart) {
  for (const Fault fault : {Fault::kFullAtOnce, Fault::kFullHalfway, Fault::kFullAtSync}) {
    SCOPED_TRACE(static_cast<int>(fault));
    const std::string name = std::to_string(static_cast<int>(fault));
    ASSERT_TRUE(Put("before" + name).ok());
    faults_->Set(fault);
    for (const size_t size : {10u, 100'000u, 1'000'000u}) {
      const absl::Status status = Put("failed" + name, std::string(size, 'x'));
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr("free space"));
      EXPECT_FALSE(Has("failed" + name));
      EXPECT_TRUE(Has("before" + name));
      const auto restarted = Crashed();
      EXPECT_FALSE(Has(*restarted, "failed" + name));
      EXPECT_TRUE(Has(*restarted, "before" + name));
    }
    // Space is back: writing goes on, what was acknowledged is there and what failed is not.
    faults_->Set(Fault::kNone);
    ASSERT_TRUE(Put("after" + name).ok());
    EXPECT_TRUE(Has("before" + name));
    EXPECT_TRUE(Has("after" + name));
    EXPECT_FALSE(Has("failed" + name));
    const auto restarted = Crashed();
    EXPECT_TRUE(Has(*restarted, "before" + name));
    EXPECT_TRUE(Has(*restarted, "after" + name));
    EXPECT_FALSE(Has(*restarted, "failed" + name));
  }
}

TEST_F(RocksDbFault, TheFirstWriteOfAFreshDatabaseMayFailToo) {
  faults_->Set(Fault::kFullAtSync, ".log");
  EXPECT_EQ(Put("failed").code(), absl::StatusCode::kResourceExhausted);
  faults_->Set(Fault::kNone);
  EXPECT_TRUE(Put("after").ok());
  EXPECT_FALSE(Has("failed"));
  EXPECT_FALSE(Has(*Crashed(), "failed"));
}

TEST_F(RocksDbFault, AFullDiskFoundInTheBackgroundCostsNoAcknowledgedWrite) {
  faults_->Set(Fault::kFullAtOnce, ".sst");
  const std::string value(400'000, 'x');
  int acknowledged = 0;
  absl::Status status;
  // Two write buffers hold less than this.
  while (acknowledged < 200 && (status = Put("k" + std::to_string(acknowledged), value)).ok()) {
    ++acknowledged;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_FALSE(Has("k" + std::to_string(acknowledged)));
  faults_->Set(Fault::kNone);
  EXPECT_TRUE(Put("after").ok());
  for (int i = 0; i < acknowledged; ++i) EXPECT_TRUE(Has("k" + std::to_string(i)));
  EXPECT_FALSE(Has("k" + std::to_string(acknowledged)));
}

// Whoever writes tries again every second, for as long as it takes somebody to make room.
TEST_F(RocksDbFault, ADiskThatStaysFullIsNotWarnedOfAgainAndAgain) {
  ASSERT_TRUE(Put("before").ok());
  faults_->Set(Fault::kFullAtOnce);
  EXPECT_FALSE(Put("a").ok());
  EXPECT_FALSE(Put("a").ok());
  const int warnings = warnings_;
  EXPECT_GT(warnings, 0);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(Put("a").ok());
  EXPECT_EQ(warnings_, warnings);
  // The next time is another one.
  faults_->Set(Fault::kNone);
  EXPECT_TRUE(Put("b").ok());
  faults_->Set(Fault::kFullAtOnce);
  EXPECT_FALSE(Put("c").ok());
  EXPECT_GT(warnings_, warnings);
}

TEST_F(RocksDbFault, AVisitorThatWritesOnAFullDiskIsNotLockedOut) {
  ASSERT_TRUE(Put("a").ok());
  faults_->Set(Fault::kFullAtOnce);
  EXPECT_FALSE(Put("failed").ok());
  faults_->Set(Fault::kNone);
  ASSERT_TRUE(store_
                  ->Scan("", "", false,
                         [&](std::string_view, std::string_view) {
                           EXPECT_EQ(Put("b").code(), absl::StatusCode::kResourceExhausted);
                           return true;
                         })
                  .ok());
  EXPECT_TRUE(Put("b").ok());
}

TEST_F(RocksDbFault, AnInputOutputErrorStopsAllWritingAndSaysWhatIsUnknown) {
  for (const Fault fault : {Fault::kErrorAtSync, Fault::kErrorAndNoReturn}) {
    ASSERT_TRUE(Put("before").ok());
    faults_->Set(fault, ".log");
    const absl::Status status = Put("unknown");
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("unknown"));
    faults_->Set(Fault::kNone);
    EXPECT_EQ(Put("later").code(), absl::StatusCode::kDataLoss);
    EXPECT_FALSE(Has("unknown"));
    EXPECT_TRUE(Has("before"));
    // Opened anew it works; the unknown batch is there whole or not at all (Has checks it).
    store_.reset();
    Open();
    EXPECT_TRUE(Has("before"));
    EXPECT_FALSE(Has("later"));
    Has("unknown");
    WriteBatch batch;
    batch.DeleteRange("unknown", "unknown~");
    EXPECT_TRUE(store_->WriteSynced(batch).ok());
  }
}

TEST_F(RocksDbFault, ARealFullDiskIsSurvived) {
  const std::string mountpoint = directory_ / "disk";
  fs::create_directory(mountpoint);
  if (mount("tmpfs", mountpoint.c_str(), "tmpfs", 0, "size=64m") != 0) {
    GTEST_SKIP() << "RocksDbFault.ARealFullDiskIsSurvived needs the right to mount a tmpfs";
  }
  {
    auto store = OpenAt(mountpoint + "/db", nullptr);
    ASSERT_NE(store, nullptr);
    std::mt19937_64 random(1);
    const auto put = [&](const std::string& key) {
      WriteBatch batch;
      std::string value(300'000, '\0');  // that no compression makes room for
      for (char& c : value) c = static_cast<char>(random());
      batch.Put(key, value);
      batch.Put(key + "'", "x");
      return store->WriteSynced(batch);
    };
    EXPECT_TRUE(put("first").ok());
    std::ofstream filler(mountpoint + "/filler", std::ios::binary);
    const std::string chunk(1 << 20, 'y');
    while (filler.write(chunk.data(), static_cast<std::streamsize>(chunk.size())).flush()) {
    }
    // Reopening gives some space back, so single writes may succeed in between.
    std::set<int> acknowledged, failed;
    for (int i = 0; i < 100; ++i) {
      const absl::Status status = put("k" + std::to_string(i));
      EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
      (status.ok() ? acknowledged : failed).insert(i);
      EXPECT_TRUE(Has(*store, "first"));
      EXPECT_EQ(Has(*store, "k" + std::to_string(i)), status.ok());
    }
    EXPECT_FALSE(failed.empty());
    filler.close();
    fs::remove(mountpoint + "/filler");
    EXPECT_TRUE(put("after").ok());
    for (int round = 0; round < 2; ++round) {
      EXPECT_TRUE(Has(*store, "first"));
      EXPECT_TRUE(Has(*store, "after"));
      for (const int i : acknowledged) EXPECT_TRUE(Has(*store, "k" + std::to_string(i)));
      for (const int i : failed) EXPECT_FALSE(Has(*store, "k" + std::to_string(i)));
      store.reset();
      store = OpenAt(mountpoint + "/db", nullptr);
    }
  }
  EXPECT_EQ(umount(mountpoint.c_str()), 0);
}

}  // namespace
}  // namespace decentd
