// A copy of an open database (its own, for repair see rocksdb_store.h). Internal to this folder.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "storage/store.h"

namespace decentd {

// As DiskStore::CopyTo. REQUIRES: `mark` holds puts only.
absl::StatusOr<uint64_t> CopyDatabase(rocksdb::DB& database, const std::string& directory,
                                      const WriteBatch& mark);

// Makes durable which names the directory holds.
absl::Status SyncDirectory(const std::string& path);

}  // namespace decentd
