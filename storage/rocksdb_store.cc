#include "storage/rocksdb_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"
#include "rocksdb/write_batch.h"
#include "storage/directory_lock.h"
#include "storage/rocksdb_copy.h"
#include "storage/rocksdb_format.h"
#include "storage/rocksdb_options.h"
#include "storage/wal_rollback.h"

namespace decentd {
namespace {

namespace fs = std::filesystem;
using rocksdb_format::ToStatus;
using rocksdb_format::UserEnd;
using rocksdb_format::UserKey;

// Up to here a range is deleted key by key. RocksDB's range deletion costs every later read until
// it is compacted away, and a node deletes one small range, a round's journal, for every round.
constexpr int kMaxSingleDeletes = 4096;

absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }

// RocksDB stops by itself after a failed flush or compaction; the store then reopens it.
class FailureListener final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override {
    failed_ = true;
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
  bool TakeFailed() { return failed_.exchange(false); }

 private:
  std::atomic<bool> failed_ = false;
};

class RocksDbStore final : public DiskStore {
 public:
  RocksDbStore(std::string path, DirectoryLock lock, const RocksDbOptions& options)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        warn_([this, warn = options.warn](const std::string& line) {
          if (warn && !repeats_) warn(line);
        }),
        file_system_(std::make_shared<WalRollbackFileSystem>(
            options.file_system ? options.file_system : rocksdb::FileSystem::Default())),
        environment_(rocksdb::NewCompositeEnv(file_system_)),
        format_version_(options.format_version),
        raised_format_version_(options.raised_format_version),
        listener_(std::make_shared<FailureListener>()) {}

  absl::Status Start(bool fresh);

  absl::Status WriteSynced(const WriteBatch& batch) override;
  absl::StatusOr<std::string> Get(std::string_view key) const override;
  absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  uint64_t ApproximateBytes() const override;
  absl::StatusOr<uint64_t> CopyTo(const std::string& directory, const WriteBatch& mark) override;
  absl::Status Compact() override;
  absl::Status CheckFiles() override;
  absl::Status RaiseFormat() override;

 private:
  using Database = std::shared_ptr<rocksdb::DB>;

  rocksdb::Options Tuned() const {
    rocksdb::Options options = TunedRocksDbOptions(environment_.get(), warn_);
    options.listeners.push_back(listener_);
    return options;
  }
  rocksdb::Status Open();
  absl::Status Reopen();  // REQUIRES: write_mutex_ is held
  absl::Status Write(rocksdb::DB& database, rocksdb::WriteBatch& batch);
  absl::StatusOr<rocksdb::WriteBatch> Translate(rocksdb::DB& database,
                                                const WriteBatch& batch) const;
  absl::StatusOr<Database> Current() const;
  absl::Status MarkFormat(rocksdb::DB& database, uint32_t version) const;

  const std::string path_;
  const DirectoryLock lock_;
  const std::function<void(const std::string&)> warn_;
  const std::shared_ptr<WalRollbackFileSystem> file_system_;
  const std::unique_ptr<rocksdb::Env> environment_;
  const uint32_t format_version_, raised_format_version_;
  const std::shared_ptr<FailureListener> listener_;

  std::atomic<bool> repeats_ = false;  // what RocksDB warns of now it has warned of before

  std::mutex write_mutex_;      // one write at a time, so that a failure has one batch
  bool needs_reopen_ = false;   // guarded by write_mutex_
  bool reopen_failed_ = false;  // the latest time; guarded by write_mutex_
  absl::Status fatal_;          // guarded by write_mutex_

  mutable std::mutex database_mutex_;
  Database database_;  // guarded by database_mutex_; readers hold a share while they read
};

rocksdb::Status RocksDbStore::Open() {
  rocksdb::Options options = Tuned();
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, path_, &raw);
  if (status.ok()) database_.reset(raw);
  return status;
}

absl::Status RocksDbStore::Start(bool fresh) {
  std::lock_guard lock(database_mutex_);
  if (const rocksdb::Status status = Open(); !status.ok()) {
    return ToStatus(status, fresh ? "create" : "open", path_);
  }
  std::string found;
  const rocksdb::Status status =
      database_->Get(rocksdb::ReadOptions(), rocksdb_format::kVersionKey, &found);
  if (status.ok() && (found == absl::StrCat(format_version_) ||
                      found == absl::StrCat(raised_format_version_))) {
    return absl::OkStatus();
  }
  if (!status.ok() && !status.IsNotFound()) return ToStatus(status, "read", path_);
  return MarkFormat(*database_, format_version_);
}

absl::Status RocksDbStore::MarkFormat(rocksdb::DB& database, uint32_t version) const {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return ToStatus(database.Put(synced, rocksdb_format::kVersionKey, absl::StrCat(version)),
                  "write the version of", path_);
}

absl::Status RocksDbStore::RaiseFormat() {
  std::lock_guard lock(write_mutex_);
  const absl::StatusOr<Database> database = Current();
  if (!database.ok()) return database.status();
  return MarkFormat(**database, raised_format_version_);
}

// As after a crash: what was acknowledged is in the log and is replayed. Leaves a database for
// reading behind when there is still no space to open one for writing.
absl::Status RocksDbStore::Reopen() {
  std::lock_guard lock(database_mutex_);
  if (database_.use_count() > 1) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the disk of the database ", path_,
                     " was full and it cannot be reopened while it is being read: try again"));
  }
  database_.reset();
  file_system_->Reset();
  listener_->TakeFailed();
  // Whoever writes tries again for as long as the disk is full: RocksDB warns of that once.
  repeats_ = reopen_failed_;
  const rocksdb::Status status = Open();
  reopen_failed_ = !status.ok();
  if (!status.ok()) {
    rocksdb::DB* raw = nullptr;
    if (rocksdb::DB::OpenForReadOnly(Tuned(), path_, &raw).ok()) database_.reset(raw);
  }
  repeats_ = false;
  return ToStatus(status, "reopen", path_);
}

absl::StatusOr<RocksDbStore::Database> RocksDbStore::Current() const {
  std::lock_guard lock(database_mutex_);
  if (database_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "the database ", path_, " could not be reopened after its disk was full: free space"));
  }
  return database_;
}

absl::StatusOr<rocksdb::WriteBatch> RocksDbStore::Translate(rocksdb::DB& database,
                                                            const WriteBatch& batch) const {
  rocksdb::WriteBatch result(batch.bytes() + 16 * batch.operations().size());
  std::set<std::string_view> put;  // by this batch so far
  for (const WriteBatch::Operation& operation : batch.operations()) {
    rocksdb::Status status;
    switch (operation.type) {
      case WriteBatch::Operation::Type::kPut:
        status = result.Put(UserKey(operation.key), operation.value);
        put.insert(operation.key);
        break;
      case WriteBatch::Operation::Type::kDelete:
        status = result.Delete(UserKey(operation.key));
        break;
      case WriteBatch::Operation::Type::kDeleteRange: {
        const std::string begin = UserKey(operation.key), end = UserEnd(operation.value);
        if (begin >= end) break;
        rocksdb::ReadOptions range;
        const rocksdb::Slice upper(end);
        range.iterate_upper_bound = &upper;
        const std::unique_ptr<rocksdb::Iterator> keys(database.NewIterator(range));
        int deletes = 0;
        for (keys->Seek(begin); keys->Valid() && deletes <= kMaxSingleDeletes; keys->Next()) {
          if (deletes++ == kMaxSingleDeletes) {
            status = result.DeleteRange(begin, end);
          } else {
            status = result.Delete(keys->key());
          }
          if (!status.ok()) break;
        }
        if (status.ok()) status = keys->status();
        for (auto it = put.lower_bound(operation.key);
             status.ok() && it != put.end() && (operation.value.empty() || *it < operation.value);
             ++it) {
          status = result.Delete(UserKey(*it));
        }
        break;
      }
    }
    if (!status.ok()) return ToStatus(status, "prepare a write to", path_);
  }
  return result;
}

absl::Status RocksDbStore::WriteSynced(const WriteBatch& batch) {
  std::lock_guard lock(write_mutex_);
  if (!fatal_.ok()) return fatal_;
  if (batch.empty()) return absl::OkStatus();
  if (needs_reopen_ || listener_->TakeFailed()) {
    needs_reopen_ = true;
    if (absl::Status status = Reopen(); !status.ok()) return status;
    needs_reopen_ = false;
  }
  const auto database = Current();
  if (!database.ok()) return database.status();
  auto translated = Translate(**database, batch);
  if (!translated.ok()) return translated.status();
  return Write(**database, *translated);
}

absl::Status RocksDbStore::Write(rocksdb::DB& database, rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = database.Write(synced, &batch);
  if (status.ok()) return absl::OkStatus();
  needs_reopen_ = true;
  if (status.IsNoSpace() && !file_system_->uncertain()) return ToStatus(status, "write to", path_);
  fatal_ = absl::DataLossError(absl::StrCat(
      "writing to the database ", path_, " failed (", status.ToString(),
      ") and whether the last batch is on disk is unknown: nothing more is written; check the disk "
      "and start again"));
  return fatal_;
}

absl::StatusOr<std::string> RocksDbStore::Get(std::string_view key) const {
  const auto database = Current();
  if (!database.ok()) return database.status();
  std::string value;
  const rocksdb::Status status = (*database)->Get(rocksdb::ReadOptions(), UserKey(key), &value);
  if (status.IsNotFound()) {
    return absl::NotFoundError(absl::StrCat("no key ", absl::CHexEscape(AbslView(key))));
  }
  if (!status.ok()) return ToStatus(status, "read from", path_);
  return value;
}

absl::Status RocksDbStore::Scan(
    std::string_view begin, std::string_view end, bool reverse,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::string first = UserKey(begin), last = UserEnd(end);
  if (first >= last) return absl::OkStatus();
  const auto database = Current();
  if (!database.ok()) return database.status();
  rocksdb::ReadOptions range;
  const rocksdb::Slice lower(first), upper(last);
  range.iterate_lower_bound = &lower;
  range.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it((*database)->NewIterator(range));
  for (reverse ? it->SeekToLast() : it->SeekToFirst(); it->Valid();
       reverse ? it->Prev() : it->Next()) {
    std::string_view key = it->key().ToStringView();
    key.remove_prefix(1);
    if (!visit(key, it->value().ToStringView())) break;
  }
  return ToStatus(it->status(), "read from", path_);
}

uint64_t RocksDbStore::ApproximateBytes() const {
  const auto database = Current();
  if (!database.ok()) return 0;
  // What is in memory is also in the log.
  uint64_t files = 0, memory = 0;
  (*database)->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &files);
  (*database)->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return files + memory;
}

absl::StatusOr<uint64_t> RocksDbStore::CopyTo(const std::string& directory,
                                              const WriteBatch& mark) {
  const auto database = Current();
  if (!database.ok()) return database.status();
  return CopyDatabase(**database, directory, mark);
}

absl::Status RocksDbStore::Compact() {
  const auto database = Current();
  if (!database.ok()) return database.status();
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return ToStatus((*database)->CompactRange(options, nullptr, nullptr), "compact", path_);
}

absl::Status RocksDbStore::CheckFiles() {
  const auto database = Current();
  if (!database.ok()) return database.status();
  return ToStatus((*database)->VerifyChecksum(), "check", path_);
}

// With its parent synced: a directory whose name a crash takes away keeps nothing.
absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (!error && fs::create_directories(absolute, error)) {
    fs::permissions(absolute, fs::perms::owner_all, error);
  }
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot make the directory ", path, ": ", error.message()));
  }
  return SyncDirectory(absolute.parent_path().string());
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskStore>> OpenRocksDbStore(const RocksDbOptions& options) {
  const rocksdb::Options reading = TunedRocksDbOptions(rocksdb::Env::Default(), nullptr);
  std::error_code error;
  // Without a lock file the directory may be somebody else's, who wants none in it.
  if (!fs::exists(fs::path(options.path) / kDirectoryLockName, error)) {
    const auto found = rocksdb_format::Inspect(options, reading);
    if (!found.ok()) return found.status();
    if (absl::Status status = MakeDirectory(options.path); !status.ok()) return status;
  }
  auto lock = DirectoryLock::Acquire(options.path, options.program);
  if (!lock.ok()) return lock.status();
  if (fs::exists(fs::path(options.path) / kRepairName, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("a repair of the database ", options.path,
                     " was cut short: repair it again, or put a backup in its place"));
  }
  const auto found = rocksdb_format::Inspect(options, reading);
  if (!found.ok()) return found.status();
  auto store = std::make_unique<RocksDbStore>(options.path, *std::move(lock), options);
  if (absl::Status status =
          store->Start(*found == rocksdb_format::Found::kNothing);
      !status.ok()) {
    return status;
  }
  return store;
}

}  // namespace decentd
