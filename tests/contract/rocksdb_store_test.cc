// Opening, restarting and being killed (storage/rocksdb_store.h).
#include "storage/rocksdb_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "rocksdb/db.h"
#include "tests/contract/temp_directory.h"

namespace decentd {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kChildPath[] = "DECENTD_STORE_TEST_PATH";
constexpr int kChildPipe = 3;

class RocksDbStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> TryOpen(uint32_t version = 1, uint32_t oldest = 1) {
    RocksDbOptions options;
    options.path = path_;
    options.format_version = version;
    options.oldest_format_version = oldest;
    options.raised_format_version = version;
    return OpenRocksDbStore(options);
  }
  std::unique_ptr<Store> Open() {
    auto store = TryOpen();
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  static void Put(Store& store, const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(key, value);
    EXPECT_TRUE(store.WriteSynced(batch).ok());
  }
  fs::path NewestLog() const {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    }
    return newest;
  }
  static std::vector<fs::path> Names(const std::string& directory) {
    std::vector<fs::path> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TempDirectory directory_;
  std::string path_ = directory_ / "some/new/db";
};

TEST_F(RocksDbStoreTest, KeepsEverythingOverARestart) {
  auto store = Open();
  Put(*store, "a", "1");
  Put(*store, "b", "2");
  store.reset();
  store = Open();
  EXPECT_EQ(*store->Get("a"), "1");
  EXPECT_EQ(*store->Get("b"), "2");
  EXPECT_EQ(store->Get("c").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RocksDbStoreTest, MakesADirectoryThatOnlyItsOwnerReads) {
  Open();
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_all);
}

TEST_F(RocksDbStoreTest, SaysWhatItTakesOnDisk) {
  auto store = Open();
  for (int i = 0; i < 10; ++i) Put(*store, std::to_string(i), std::string(100'000, 'x'));
  EXPECT_GE(store->ApproximateBytes(), 1'000'000u);
}

TEST_F(RocksDbStoreTest, InUseNamesTheProcessThatHoldsIt) {
  auto store = Open();
  const absl::Status second = TryOpen().status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()),
              HasSubstr("in use by process " + std::to_string(getpid()) + " (decentd)"));
  Put(*store, "a", "1");
  store.reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(RocksDbStoreTest, OfANewerVersionIsRefusedAndLeftAsItIs) {
  { ASSERT_TRUE(TryOpen(7, 5).ok()); }
  const absl::Status status = TryOpen(3, 2).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("format version 7 and this program reads versions 2 to 3"));
  EXPECT_TRUE(TryOpen(7, 7).ok());
}

TEST_F(RocksDbStoreTest, OfAnOlderVersionIsOpenedWhereThatIsSupportedAndThenMarked) {
  { ASSERT_TRUE(TryOpen(1, 1).ok()); }
  EXPECT_EQ(TryOpen(3, 2).status().code(), absl::StatusCode::kFailedPrecondition);
  { ASSERT_TRUE(TryOpen(2, 1).ok()); }
  EXPECT_EQ(TryOpen(1, 1).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(TryOpen(3, 2).ok());
}

// Only what an older program would misread keeps it out.
TEST_F(RocksDbStoreTest, ARaisedFormatKeepsOlderProgramsOutAndIsKept) {
  RocksDbOptions options;
  options.path = path_;
  options.format_version = 1;
  options.raised_format_version = 2;
  { ASSERT_TRUE(OpenRocksDbStore(options).ok()); }
  { ASSERT_TRUE(TryOpen(1, 1).ok()) << "nothing is raised yet"; }
  {
    auto store = OpenRocksDbStore(options);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->RaiseFormat().ok());
    ASSERT_TRUE((*store)->RaiseFormat().ok());
  }
  EXPECT_THAT(std::string(TryOpen(1, 1).status().message()),
              HasSubstr("format version 2 and this program reads version 1"));
  { ASSERT_TRUE(OpenRocksDbStore(options).ok()); }
  EXPECT_EQ(TryOpen(1, 1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RocksDbStoreTest, TheDatabaseOfAnotherProgramIsRefusedAndLeftAsItIs) {
  fs::create_directories(path_);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, path_, &raw).ok());
  ASSERT_TRUE(raw->Put(rocksdb::WriteOptions(), "their key", "their value").ok());
  delete raw;
  const auto before = Names(path_);
  const absl::Status status = TryOpen().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program"));
  EXPECT_EQ(Names(path_), before);
}

TEST_F(RocksDbStoreTest, ADirectoryWithOtherFilesIsRefusedAndLeftAsItIs) {
  fs::create_directories(path_);
  std::ofstream(path_ + "/thesis.tex") << "text";
  const absl::Status status = TryOpen().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("thesis.tex"));
  EXPECT_EQ(Names(path_), std::vector<fs::path>{"thesis.tex"});
}

TEST_F(RocksDbStoreTest, AFileInItsPlaceIsRefused) {
  fs::create_directories(fs::path(path_).parent_path());
  std::ofstream(path_) << "text";
  EXPECT_EQ(TryOpen().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RocksDbStoreTest, AFirstStartThatWasInterruptedIsTakenUp) {
  fs::create_directories(path_);
  for (const char* name : {"MANIFEST-000001", "000001.dbtmp", "LOCK", "IDENTITY", "IN_USE_BY"}) {
    std::ofstream(path_ + "/" + name) << "";
  }
  EXPECT_NE(Open(), nullptr);
}

TEST_F(RocksDbStoreTest, ARecordCutShortAtTheEndOfTheLogIsDroppedAndAllBeforeItKept) {
  auto store = Open();
  Put(*store, "a", "1");
  Put(*store, "b", std::string(1000, 'b'));
  const fs::path log = NewestLog();
  const auto whole = fs::file_size(log);
  Put(*store, "c", std::string(100'000, 'c'));
  const auto longer = fs::file_size(log);
  // A copy of the directory as the crash would leave it.
  for (const uintmax_t size : {whole + 1, whole + 3, whole + 50, longer - 40'000, longer - 1}) {
    const std::string copy = directory_ / ("torn" + std::to_string(size));
    fs::copy(path_, copy, fs::copy_options::recursive);
    fs::resize_file(fs::path(copy) / log.filename(), size);
    RocksDbOptions options;
    options.path = copy;
    auto torn = OpenRocksDbStore(options);
    ASSERT_TRUE(torn.ok()) << torn.status();
    EXPECT_EQ(*(*torn)->Get("a"), "1");
    EXPECT_EQ(*(*torn)->Get("b"), std::string(1000, 'b'));
    EXPECT_FALSE((*torn)->Get("c").ok());
    Put(**torn, "d", "4");
    torn->reset();
    torn = OpenRocksDbStore(options);
    ASSERT_TRUE(torn.ok()) << torn.status();
    EXPECT_EQ(*(*torn)->Get("d"), "4");
  }
}

TEST_F(RocksDbStoreTest, ADamageInTheMiddleOfTheLogIsRefusedNotForgotten) {
  auto store = Open();
  for (int i = 0; i < 50; ++i) Put(*store, std::to_string(i), std::string(5000, 'x'));
  const fs::path log = NewestLog();
  store.reset();
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(log) / 2));
  file.write("damage", 6);
  file.close();
  const absl::Status status = TryOpen().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore the directory from a copy"));
}

// Not a test by itself: the process that the next test kills. Writes batches of three keys and
// reports the number of each one that was acknowledged.
TEST(RocksDbStoreChild, DISABLED_WritesUntilItIsKilled) {
  const char* path = std::getenv(kChildPath);
  ASSERT_NE(path, nullptr);
  RocksDbOptions options;
  options.path = path;
  auto store = OpenRocksDbStore(options);
  ASSERT_TRUE(store.ok()) << store.status();
  uint32_t number = 0;
  ASSERT_TRUE((*store)
                  ->Scan("first/", "first0", false,
                         [&](std::string_view, std::string_view) {
                           ++number;
                           return true;
                         })
                  .ok());
  for (;; ++number) {
    const std::string name = std::to_string(number);
    const std::string value(number % 7 == 0 ? 300'000 : 500, static_cast<char>('a' + number % 26));
    WriteBatch batch;
    batch.Put("first/" + name, value);
    batch.Put("second/" + name, value);
    batch.DeleteRange("third/", "third0");
    batch.Put("third/" + name, value);
    ASSERT_TRUE((*store)->WriteSynced(batch).ok());
    ASSERT_EQ(write(kChildPipe, &number, sizeof(number)), static_cast<ssize_t>(sizeof(number)));
  }
}

// Starts the child, kills it after `acknowledged` reports at the earliest, and gives back the last
// number it reported.
uint32_t RunAndKill(const std::string& path, int acknowledged) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  setenv(kChildPath, path.c_str(), 1);
  const pid_t child = fork();
  if (child == 0) {
    if (dup2(ends[1], kChildPipe) == kChildPipe) {
      fcntl(kChildPipe, F_SETFD, 0);
      execl("/proc/self/exe", "child", "--gtest_also_run_disabled_tests",
            "--gtest_filter=RocksDbStoreChild.*", nullptr);
    }
    _exit(1);
  }
  close(ends[1]);
  uint32_t last = 0, number = 0;
  int reports = 0;
  while (read(ends[0], &number, sizeof(number)) == static_cast<ssize_t>(sizeof(number))) {
    last = number;
    if (++reports == acknowledged) {
      EXPECT_EQ(kill(child, SIGKILL), 0);
    }
  }
  close(ends[0]);
  int result = 0;
  EXPECT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFSIGNALED(result)) << "the child ended by itself before it was killed";
  return last;
}

TEST_F(RocksDbStoreTest, KilledWhileWritingKeepsEveryAcknowledgedBatchWhole) {
  for (const int acknowledged : {1, 5, 30, 60, 13}) {
    const uint32_t last = RunAndKill(path_, acknowledged);
    auto store = Open();
    ASSERT_NE(store, nullptr);
    const auto count = [&](const std::string& prefix) {
      uint32_t keys = 0;
      EXPECT_TRUE(store
                      ->Scan(prefix, PrefixEnd(prefix), false,
                             [&](std::string_view, std::string_view) {
                               ++keys;
                               return true;
                             })
                      .ok());
      return keys;
    };
    const uint32_t batches = count("first/");
    // One more may have reached the disk without its report.
    EXPECT_GE(batches, last + 1);
    EXPECT_LE(batches, last + 2);
    EXPECT_EQ(count("second/"), batches);
    EXPECT_EQ(count("third/"), 1u);
    for (uint32_t i = 0; i < batches; ++i) {
      const std::string name = std::to_string(i);
      const auto first = store->Get("first/" + name), second = store->Get("second/" + name);
      ASSERT_TRUE(first.ok() && second.ok()) << name;
      EXPECT_EQ(*first, *second);
      EXPECT_EQ(first->size(), i % 7 == 0 ? 300'000u : 500u);
    }
    EXPECT_TRUE(store->Get("third/" + std::to_string(batches - 1)).ok());
  }
}

}  // namespace
}  // namespace decentd
