#include "node/gateway/error_reply.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

constexpr int64_t kRetrySeconds = 5;

using Json = nlohmann::ordered_json;

// A message may quote a request, which may be megabytes.
constexpr size_t kLongestQuote = 1024;

std::string Cut(const std::string& text) {
  return text.size() <= kLongestQuote ? text : text.substr(0, kLongestQuote) + "...";
}

Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::string ErrorJson(const ApiError& error) {
  Json json = {{"message", Cut(error.message)},
               {"type", error.type},
               {"param", OrNull(Cut(error.param))},
               {"code", OrNull(error.code)}};
  if (error.round) json["round_id"] = error.round->Hex();
  // A message may quote bytes that are no text.
  return Json{{"error", std::move(json)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpReply ErrorReply(const ApiError& error) {
  HttpReply reply;
  reply.status = error.status;
  reply.body = absl::StrCat(ErrorJson(error), "\n");
  if (error.retry_after) {
    reply.headers.emplace_back("Retry-After", absl::StrCat(*error.retry_after));
  }
  // OpenAI's clients would ask again, and each question is a round that costs the whole council.
  if (error.round) reply.headers.emplace_back("x-should-retry", "false");
  if (error.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

ApiError TransportError(int status, std::string message) {
  ApiError error{.status = status, .message = std::move(message)};
  if (status == 408) error.code = "request_timeout";
  if (status == 413) error.code = "request_too_large";
  if (status >= 500) error.type = "server_error";
  return error;
}

ApiError TooManyWait() {
  return FromStatus(absl::UnavailableError("too many requests wait at this gateway; try again"));
}

ApiError FromStatus(const absl::Status& status) {
  ApiError error{.message = std::string(status.message())};
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      break;
    case absl::StatusCode::kNotFound:
      error.status = 404;
      error.code = "round_not_found";
      break;
    case absl::StatusCode::kResourceExhausted:
      error.status = 429;
      error.type = "rate_limit_error";
      error.code = "rate_limit_exceeded";
      error.retry_after = kRetrySeconds;
      break;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      error.status = 503;
      error.type = "server_error";
      error.code = "node_unavailable";
      error.retry_after = kRetrySeconds;
      break;
    default:
      error.status = 500;
      error.type = "server_error";
      error.code = "internal_error";
  }
  return error;
}

}  // namespace decentd
