#include "storage/wal_rollback.h"

#include <mutex>
#include <string_view>
#include <utility>

namespace decentd {
namespace {

using rocksdb::DataVerificationInfo;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class WalFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WalFile(std::unique_ptr<FSWritableFile> target, std::shared_ptr<std::atomic<bool>> uncertain)
      : FSWritableFileOwnerWrapper(std::move(target)), uncertain_(std::move(uncertain)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return Write(data.size(), options, debug,
                 [&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const DataVerificationInfo& info,
                  IODebugContext* debug) override {
    return Write(data.size(), options, debug,
                 [&] { return target()->Append(data, options, info, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return Settle(options, debug, [&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Settle(options, debug, [&] { return target()->Fsync(options, debug); });
  }

 private:
  template <class Operation>
  IOStatus Write(size_t size, const IOOptions& options, IODebugContext* debug,
                 Operation operation) {
    std::lock_guard lock(mutex_);
    if (cut_back_) return Refuse();
    IOStatus status = operation();
    if (status.ok()) {
      length_ += size;
    } else {
      CutBack(options, debug);
    }
    return status;
  }

  template <class Operation>
  IOStatus Settle(const IOOptions& options, IODebugContext* debug, Operation operation) {
    std::lock_guard lock(mutex_);
    if (cut_back_) return Refuse();
    IOStatus status = operation();
    if (status.ok()) {
      synced_ = length_;
    } else {
      CutBack(options, debug);
    }
    return status;
  }

  void CutBack(const IOOptions& options, IODebugContext* debug) {
    cut_back_ = true;
    IOStatus status = target()->Truncate(synced_, options, debug);
    if (status.ok()) status = target()->Fsync(options, debug);
    if (!status.ok()) uncertain_->store(true);
  }

  static IOStatus Refuse() {
    return IOStatus::IOError("this log was cut back after a failed write");
  }

  std::mutex mutex_;
  uint64_t length_ = 0;
  uint64_t synced_ = 0;
  bool cut_back_ = false;
  std::shared_ptr<std::atomic<bool>> uncertain_;
};

}  // namespace

WalRollbackFileSystem::WalRollbackFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target)
    : FileSystemWrapper(target), uncertain_(std::make_shared<std::atomic<bool>>(false)) {}

IOStatus WalRollbackFileSystem::NewWritableFile(const std::string& name,
                                                const rocksdb::FileOptions& options,
                                                std::unique_ptr<FSWritableFile>* result,
                                                IODebugContext* debug) {
  IOStatus status = target()->NewWritableFile(name, options, result, debug);
  if (status.ok() && std::string_view(name).ends_with(".log")) {
    *result = std::make_unique<WalFile>(std::move(*result), uncertain_);
  }
  return status;
}

}  // namespace decentd
