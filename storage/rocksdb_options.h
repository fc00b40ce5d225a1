// How RocksDB is set up. Internal to this folder.
#pragma once

#include "rocksdb/options.h"

namespace decentd {

// For a database whose idle memory is a few tens of MiB and whose records are some hundred bytes to
// some hundred KiB. REQUIRES: `environment` outlives the database.
rocksdb::Options TunedRocksDbOptions(rocksdb::Env* environment);

}  // namespace decentd
