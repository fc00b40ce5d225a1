// Errors as OpenAI's API words them: {"error": {message, type, param, code}}. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "node/core/ids.h"
#include "node/gateway/http.h"

namespace decentd {

struct ApiError {
  int status = 400;
  std::string type = "invalid_request_error";
  std::string message = {};
  std::string param = {};                   // of the request that is wrong; empty = none
  std::string code = {};                    // for programs; empty = none
  std::optional<RoundId> round = {};        // that it is about
  std::optional<int64_t> retry_after = {};  // seconds
};

// {"error": {...}} without a line end.
std::string ErrorJson(const ApiError& error);
HttpReply ErrorReply(const ApiError& error);

// What went wrong before the API was reached (408, 413, 431, 400, 503).
ApiError TransportError(int status, std::string message);
// More work waits at the gateway than it takes.
ApiError TooManyWait();
// Why the node did not take a query, or does not know what it is asked for.
ApiError FromStatus(const absl::Status& status);

}  // namespace decentd
