// Ties a database to the directory of its key, so that a key without its database, or with an
// older copy of it, is noticed before it votes twice (docs/SPEC.md, section 11). Both hold one
// random id and a start counter, synced at each start.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"

namespace decentd {

// What tells a copy of a database from the database, and one that was repaired from one that is whole:
// written into the copy alone, or after the repair. A start with it is refused until the operator
// accepts what it is.
WriteBatch CopyMark(int64_t unix_ms);
WriteBatch RepairMark(int64_t unix_ms);

// Checks and moves the counter on; returns the new one. `file` lies beside the key.
// FAILED_PRECONDITION with an explanation and the way out when the two do not belong together.
absl::StatusOr<uint64_t> Bind(Store& store, const std::string& file);

// The operator says that the database is lost or old: binds anew, and sets a durable watermark
// below which this node never votes. Returns the start counter.
absl::StatusOr<uint64_t> AcceptLostDatabase(Store& store, const std::string& file,
                                            int64_t watermark_unix_ms);

}  // namespace decentd
