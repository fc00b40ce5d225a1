// POST /v1/chat/completions: a question signed and submitted, its round watched, its proof verified
// and answered with. A client that goes ends the watching; the round goes on, for others had to
// hear of it.
#pragma once

#include <memory>

#include "crypto/signer.h"
#include "node/gateway/gateway_access.h"
#include "node/gateway/http.h"

namespace decentd {

// On the exchange's thread. `client` is whom the limits count it for; `access` outlives the server.
void RunChat(const GatewayAccess& access, const PublicKey& client,
             std::shared_ptr<HttpExchange> exchange);

}  // namespace decentd
