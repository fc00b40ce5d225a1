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

// There while a repair is under way, or where one was cut short: what is there then may lack what was
// acknowledged, and nothing in it says so yet.
inline constexpr char kRepairName[] = "REPAIR_UNDER_WAY";

// Makes durable which names the directory holds.
absl::Status SyncDirectory(const std::string& path);

}  // namespace decentd
