// What a node does for its operator while it runs (node/control).
#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "node/control/control_server.h"
#include "node/daemon/seats.h"
#include "storage/rocksdb_store.h"

namespace decentd {

// `council` and `store` outlive the actions.
ControlActions MakeControlActions(Seats& seats, DiskStore& store,
                                  std::shared_ptr<spdlog::logger> logger);

}  // namespace decentd
