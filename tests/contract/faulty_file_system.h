// A file system whose disk is full, or fails, when a test says so.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rocksdb/file_system.h"

namespace decentd {

enum class Fault {
  kNone,
  kFullAtOnce,       // no space: nothing is written
  kFullHalfway,      // no space after half of what was to be written
  kFullAtSync,       // all is written, then a sync finds no space
  kErrorAtSync,      // all is written, then a sync fails with an input/output error
  kErrorAndNoReturn  // likewise, and the file cannot be cut back either
};

// Acts on the names that `matches` takes.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  void Set(Fault fault, std::string suffix = "") {
    state_->suffix = std::move(suffix);
    state_->fault = fault;
  }
  int syncs() const { return state_->syncs; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = target()->NewWritableFile(name, options, result, debug);
    if (status.ok()) *result = std::make_unique<File>(name, std::move(*result), state_);
    return status;
  }

 private:
  struct State {
    std::atomic<Fault> fault = Fault::kNone;
    std::string suffix;  // changed only while nothing is written
    std::atomic<int> syncs = 0;
  };

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::string name, std::unique_ptr<rocksdb::FSWritableFile> target,
         std::shared_ptr<State> state)
        : FSWritableFileOwnerWrapper(std::move(target)),
          name_(std::move(name)),
          state_(std::move(state)) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      switch (Current()) {
        case Fault::kFullHalfway: {
          const rocksdb::Slice half(data.data(), data.size() / 2);
          target()->Append(half, options, debug).PermitUncheckedError();
          return rocksdb::IOStatus::NoSpace("test");
        }
        case Fault::kFullAtOnce:
          return rocksdb::IOStatus::NoSpace("test");
        default:
          return target()->Append(data, options, debug);
      }
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      ++state_->syncs;
      switch (Current()) {
        case Fault::kFullAtSync:
          return rocksdb::IOStatus::NoSpace("test");
        case Fault::kErrorAtSync:
        case Fault::kErrorAndNoReturn:
          return rocksdb::IOStatus::IOError("test");
        default:
          return target()->Sync(options, debug);
      }
    }
    rocksdb::IOStatus Truncate(uint64_t size, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
      if (Current() == Fault::kErrorAndNoReturn) return rocksdb::IOStatus::IOError("test");
      return target()->Truncate(size, options, debug);
    }

   private:
    Fault Current() const {
      const Fault fault = state_->fault;
      return fault != Fault::kNone && std::string_view(name_).ends_with(state_->suffix)
                 ? fault
                 : Fault::kNone;
    }
    const std::string name_;
    const std::shared_ptr<State> state_;
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace decentd
