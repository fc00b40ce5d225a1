// GET /v1/rounds and what is below it, and whether the node is ready.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "node/api/council.h"
#include "node/gateway/http.h"

namespace decentd {

// 200 while the node votes and reaches a quorum, else 503 with the reason.
HttpReply ReadyReply(Council& council);

// `path` is what stands behind "/v1/rounds". `bundles` counts those on their way, each of which is
// whole in memory. Both outlive the exchange's server.
void RunRounds(Council& council, std::atomic<int>& bundles, std::string_view path,
               std::shared_ptr<HttpExchange> exchange);

}  // namespace decentd
