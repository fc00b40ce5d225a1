#include "storage/rocksdb_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "rocksdb/utilities/checkpoint.h"
#include "rocksdb/write_batch.h"
#include "storage/directory_lock.h"
#include "storage/rocksdb_format.h"
#include "storage/rocksdb_options.h"

namespace decentd {
namespace {

namespace fs = std::filesystem;
using rocksdb_format::ToStatus;

// Opened as a database of its own, and closed with its writes synced. `version`: the format that is
// noted where the note was lost; 0 where there must be one.
absl::Status Mark(const std::string& directory, const WriteBatch& mark, uint32_t version) {
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status =
      rocksdb::DB::Open(TunedRocksDbOptions(rocksdb::Env::Default(), nullptr), directory, &raw);
  const std::unique_ptr<rocksdb::DB> copy(raw);
  if (!status.ok()) return ToStatus(status, "open the copy", directory);
  rocksdb::WriteBatch batch;
  for (const WriteBatch::Operation& operation : mark.operations()) {
    status = batch.Put(rocksdb_format::UserKey(operation.key), operation.value);
    if (!status.ok()) return ToStatus(status, "mark the copy", directory);
  }
  std::string noted;
  if (version != 0 &&
      copy->Get(rocksdb::ReadOptions(), rocksdb_format::kVersionKey, &noted).IsNotFound()) {
    status = batch.Put(rocksdb_format::kVersionKey, absl::StrCat(version));
    if (!status.ok()) return ToStatus(status, "mark the copy", directory);
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  status = copy->Write(synced, &batch);
  if (status.ok()) status = copy->Close();
  return ToStatus(status, "mark the copy", directory);
}

uint64_t BytesIn(const std::string& directory) {
  std::error_code error;
  uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    std::error_code unknown;
    const uintmax_t size = entry.file_size(unknown);
    if (!unknown) bytes += size;
  }
  return bytes;
}

}  // namespace

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const absl::Status status =
      synced ? absl::OkStatus()
             : absl::ErrnoToStatus(errno, absl::StrCat("cannot sync the directory ", path));
  if (fd >= 0) close(fd);
  return status;
}

absl::Status RepairRocksDb(const RocksDbOptions& options, const WriteBatch& mark) {
  std::error_code error;
  // A damaged one may not tell any more whose it is; the lock's file does.
  if (!fs::exists(fs::path(options.path) / kDirectoryLockName, error)) {
    return absl::NotFoundError(absl::StrCat("there is no database of this program in ", options.path));
  }
  const auto lock = DirectoryLock::Acquire(options.path, options.program);
  if (!lock.ok()) return lock.status();
  const std::string under_way = options.path + "/" + kRepairName;
  const int fd = open(under_way.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", under_way));
  close(fd);
  if (absl::Status synced = SyncDirectory(options.path); !synced.ok()) return synced;
  const rocksdb::Options tuned = TunedRocksDbOptions(rocksdb::Env::Default(), options.warn);
  const rocksdb::Status status = rocksdb::RepairDB(options.path, tuned);
  if (!status.ok()) return ToStatus(status, "repair", options.path);
  absl::Status marked = Mark(options.path, mark, options.raised_format_version);
  if (!marked.ok()) return marked;
  if (unlink(under_way.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot remove ", under_way));
  }
  return SyncDirectory(options.path);
}

absl::StatusOr<uint64_t> CopyDatabase(rocksdb::DB& database, const std::string& directory,
                                      const WriteBatch& mark) {
  std::error_code error;
  if (fs::exists(directory, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(directory, " is there already; name a directory that is not"));
  }
  // Made beside its place and locked: of two that copy to one place at a time, none may rename what
  // the other has not marked yet.
  const fs::path beside = directory + ".partial";
  const std::string partial = (beside / "copy").string();
  if (!error) fs::create_directory(beside, error);
  if (!error) fs::permissions(beside, fs::perms::owner_all, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot make the directory ", beside.string(), ": ", error.message()));
  }
  const auto lock = DirectoryLock::Acquire(beside.string(), "decentd");
  if (!lock.ok()) return lock.status();
  const absl::Cleanup remove = [&] {
    std::error_code ignored;
    fs::remove_all(beside, ignored);
  };
  fs::remove_all(partial, error);  // of a copy that was cut short
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&database, &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  if (status.ok()) status = checkpoint->CreateCheckpoint(partial);
  if (!status.ok()) return ToStatus(status, "copy the database to", directory);
  fs::permissions(partial, fs::perms::owner_all, error);
  if (absl::Status marked = Mark(partial, mark, 0); !marked.ok()) return marked;
  const uint64_t bytes = BytesIn(partial);
  fs::rename(partial, directory, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot rename ", partial, " to ", directory, ": ", error.message()));
  }
  if (absl::Status synced = SyncDirectory(fs::path(directory).parent_path().string());
      !synced.ok()) {
    return synced;
  }
  return bytes;
}

}  // namespace decentd
