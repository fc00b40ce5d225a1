#include "node/transport/grpc_log.h"

#include <grpc/support/log.h>

#include <mutex>
#include <utility>

namespace decentd {
namespace {

std::mutex mutex;
// Never destroyed: gRPC's threads may speak until the process ends.
auto& target = *new std::shared_ptr<spdlog::logger>;

void Forward(gpr_log_func_args* args) {
  std::shared_ptr<spdlog::logger> log;
  {
    std::lock_guard lock(mutex);
    log = target;
  }
  log->debug("grpc: {}", args->message);
}

}  // namespace

void RouteGrpcLog(std::shared_ptr<spdlog::logger> log) {
  {
    std::lock_guard lock(mutex);
    target = std::move(log);
  }
  gpr_set_log_function(&Forward);
}

}  // namespace decentd
