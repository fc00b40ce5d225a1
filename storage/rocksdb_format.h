// What distinguishes a directory of this program from any other: layout of keys, format version.
// Internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/options.h"
#include "storage/rocksdb_store.h"

namespace decentd::rocksdb_format {

// RocksDB's keys are one byte, then the caller's key: so the store's own key is out of its reach.
inline constexpr char kUserPrefix = 'k';
inline constexpr char kUserPrefixEnd = 'l';
inline constexpr char kVersionKey[] = "decentd/format_version";

std::string UserKey(std::string_view key);
// The exclusive end of a range; empty means after every key of the caller.
std::string UserEnd(std::string_view end);

enum class Found { kNothing, kNew, kOurs };

// Looks at the directory without changing anything. kNothing: missing or without a database;
// kNew: made by a start that did not come to writing the version; kOurs: of a version that
// may be opened. FAILED_PRECONDITION, with what was found and the way out, for anything else.
absl::StatusOr<Found> Inspect(const RocksDbOptions& options, const rocksdb::Options& tuned);

// NoSpace is RESOURCE_EXHAUSTED, a corruption DATA_LOSS, everything else INTERNAL.
absl::Status ToStatus(const rocksdb::Status& status, absl::string_view doing,
                      const std::string& path);

}  // namespace decentd::rocksdb_format
