// The store on disk, in a directory of its own (RocksDB).
//
// What WriteSynced promises beyond storage/store.h:
// - OK: the batch is in the synced write-ahead log. It survives a crash of the machine as far as
//   the disk keeps what it acknowledged.
// - RESOURCE_EXHAUSTED (no space): the log was cut back to where it ended before the batch and
//   synced, so nothing of the batch is visible, now or after a restart. Reads go on. Every later
//   call tries to write again; the first one that finds space reopens the database within the call.
// - DATA_LOSS (any other failure, such as an input/output error, or a log that could not be cut
//   back): whether the batch is on disk is unknown. It is not visible now, but may be after a
//   restart, whole and never in part. Every further write returns the same error; reads go on.
//   The caller must send nothing that rests on the batch, stop, and look at the disk.
// A crash before WriteSynced returns leaves the batch whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace rocksdb {
class FileSystem;
}

namespace decentd {

struct RocksDbOptions {
  std::string path;  // of the directory; made, with mode 0700, when missing
  // The format that this program writes, and the oldest that it can open. An older database
  // within that range is marked as of the new format when opened.
  uint32_t format_version = 1;
  uint32_t oldest_format_version = 1;
  // What a database has from RaiseFormat on, and this program opens too: it holds what programs
  // that know only format_version would misread.
  uint32_t raised_format_version = 2;
  std::string program = "decentd";  // named to whoever finds the database in use
  // Gets RocksDB's own warnings, one line each, from any thread; may be null.
  std::function<void(const std::string&)> warn;
  // The system's when null; tests inject faults here.
  std::shared_ptr<rocksdb::FileSystem> file_system;
};

// Thread-safe.
class DiskStore : public Store {
 public:
  // A consistent copy of what was written before the call, with `mark` (puts) in the copy alone,
  // while others go on reading and writing. Files are shared with this database where the file
  // system allows it, and never change. `directory` is made; it appears only when the copy is
  // whole and on disk. ALREADY_EXISTS where it is there; RESOURCE_EXHAUSTED when the disk is full,
  // then nothing is left behind. Bytes of the copy.
  virtual absl::StatusOr<uint64_t> CopyTo(const std::string& directory,
                                          const WriteBatch& mark) = 0;
  // Gives the space of what was deleted back to the disk; reads and writes go on.
  virtual absl::Status Compact() = 0;
  // Durably: from now on programs that do not know raised_format_version refuse it. Idempotent.
  virtual absl::Status RaiseFormat() = 0;
  // Reads every file whole and compares checksums. DATA_LOSS names what is damaged.
  virtual absl::Status CheckFiles() = 0;
};

// FAILED_PRECONDITION when another process (named) uses the database, when its format is newer or
// too old, or when the directory holds something else; RESOURCE_EXHAUSTED when the disk is full;
// DATA_LOSS when it is damaged. Every message says the way out.
absl::StatusOr<std::unique_ptr<DiskStore>> OpenRocksDbStore(const RocksDbOptions& options);

// Makes a database that can be opened out of what can still be read of a damaged one; what cannot be
// read is gone. `mark` (puts) is written into it: a repair that is cut short before that leaves a
// database that OpenRocksDbStore refuses. FAILED_PRECONDITION when a process uses it.
absl::Status RepairRocksDb(const RocksDbOptions& options, const WriteBatch& mark);

}  // namespace decentd
