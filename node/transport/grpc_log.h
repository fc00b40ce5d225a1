// gRPC's own messages.
#pragma once

#include <spdlog/logger.h>

#include <memory>

namespace decentd {

// Sends what gRPC says to this logger at level debug, for the whole process and from the first call
// on (later calls replace the logger). gRPC reports every failed handshake as an error, so a port
// scanner could fill a log; what matters about a link is said by the links themselves.
void RouteGrpcLog(std::shared_ptr<spdlog::logger> log);

}  // namespace decentd
