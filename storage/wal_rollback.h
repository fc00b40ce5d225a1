// Takes a failed write back out of RocksDB's write-ahead log. Internal to this folder.
//
// When an append or a sync of the log fails, RocksDB reports it but leaves in the file whatever
// had reached it: perhaps the whole batch, which would then come back at the next start although
// its writer was told that it failed. This file system cuts such a log back to its last synced
// length, which needs no space, and lets nothing more be written to it; the database has to be
// reopened, as after a crash.
#pragma once

#include <atomic>
#include <memory>

#include "rocksdb/file_system.h"

namespace decentd {

class WalRollbackFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit WalRollbackFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target);

  const char* Name() const override { return "WalRollbackFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;

  // True when a log could not be cut back, or not for certain, since the last Reset.
  bool uncertain() const { return uncertain_->load(); }
  void Reset() { uncertain_->store(false); }

 private:
  // Files may outlive this object.
  std::shared_ptr<std::atomic<bool>> uncertain_;
};

}  // namespace decentd
