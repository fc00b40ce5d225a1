// A request's question as a round: signed by this gateway, counted against the client's limits and
// submitted to the council.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "crypto/signer.h"
#include "node/core/roster.h"
#include "node/gateway/chat_request.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/gateway_access.h"
#include "node/gateway/http.h"

namespace decentd {

// On the exchange's thread, as is `done`: with the round, and an error where it was not taken.
// `client` is whom the limits count it for; `roster` the one that the request was read for. Returns
// the round that is on its way, or nothing once `done` has told an error.
std::optional<RoundId> Ask(
    const GatewayAccess& access, const Roster& roster, const PublicKey& client,
    const ChatRequest& request, const std::shared_ptr<HttpExchange>& exchange,
    std::function<void(const RoundId& round, std::optional<ApiError> error)> done);

}  // namespace decentd
