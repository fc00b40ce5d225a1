#include "node/daemon/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

// For the database, the links to 128 nodes, clients, models and what else there is.
constexpr uint64_t kOthers = 768;

}  // namespace

absl::Status RaiseFileLimit(uint32_t gateway_connections) {
  rlimit limit{};
  if (gateway_connections == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  const rlim_t wanted = gateway_connections + kOthers;
  if (limit.rlim_cur >= wanted) return absl::OkStatus();
  // No further than needed: programs that models are would inherit it.
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (limit.rlim_cur == wanted && setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "gateway.connections is ", gateway_connections, ", but this process may open ",
      limit.rlim_max, " files in all and needs ", kOthers,
      " for the rest; raise the limit (ulimit -Hn, LimitNOFILE= of a systemd unit) or lower "
      "gateway.connections"));
}

}  // namespace decentd
