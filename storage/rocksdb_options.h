// How RocksDB is set up. Internal to this folder.
#pragma once

#include <functional>
#include <string>

#include "rocksdb/options.h"

namespace decentd {

// For a database whose idle memory is a few tens of MiB and whose records are some hundred bytes to
// some hundred KiB. `warn` gets RocksDB's own warnings and may be null. REQUIRES: `environment`
// outlives the database.
rocksdb::Options TunedRocksDbOptions(rocksdb::Env* environment,
                                     const std::function<void(const std::string&)>& warn);

}  // namespace decentd
