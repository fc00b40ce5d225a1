#include "node/gateway/gateway.h"

#include <openssl/crypto.h>

#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node/api/client_limits.h"
#include "node/api/listen_address.h"
#include "node/core/limits.h"
#include "node/gateway/chat_request.h"
#include "node/gateway/chat_run.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/gateway_access.h"
#include "node/gateway/http_server.h"
#include "node/gateway/round_replies.h"

namespace decentd {
namespace {

constexpr char kChat[] = "/v1/chat/completions", kRounds[] = "/v1/rounds";

// JSON may write each byte of a query as six.
constexpr size_t kBodyBytes = 6 * limits::kMaxQueryBytes;

absl::Status CheckExposure(const GatewayOptions& options, const ListenAddress& address) {
  if (address.IsLoopback()) return absl::OkStatus();
  if (options.api_keys.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "gateway: refusing to listen on ", address.ToString(), " without API keys, for other ",
        "machines can reach it and would ask at your cost; set api_keys, or listen on 127.0.0.1"));
  }
  if (options.insecure) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "gateway: refusing to listen on ", address.ToString(), " without TLS, for whoever is on the ",
      "way would read questions and API keys; listen on 127.0.0.1 behind a proxy that ends TLS, ",
      "or allow it with \"insecure: true\""));
}

ApiError NoSuchUrl(const HttpRequest& request) {
  ApiError error{.status = 404, .code = "unknown_url"};
  error.message = absl::StrCat("unknown request URL: ", request.method, " ", request.path);
  return error;
}

bool IsJson(const std::string& content_type) {
  const std::string kind = content_type.substr(0, content_type.find(';'));
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(kind), "application/json");
}

// "Bearer KEY"; nothing where it says something else.
std::optional<std::string> BearerKey(const std::string& authorization) {
  const std::string scheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, scheme)) return std::nullopt;
  return std::string(absl::StripAsciiWhitespace(authorization.substr(scheme.size())));
}

// Without keys the name that a browser used must be this machine's: else a page of a name that was
// made to point here could ask (DNS rebinding).
bool IsLocalName(std::string_view host) {
  const size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.back() != ']') host = host.substr(0, port);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return ListenAddress{std::string(host), 0}.IsLoopback();
}

}  // namespace

struct Gateway::Impl {
  Impl(const GatewayOptions& o, GatewayAccess a) : options(o), access(std::move(a)) {}

  // Whom the limits count a request for; nothing where its key is none of ours.
  std::optional<PublicKey> ClientOf(const HttpRequest& request) const {
    if (options.api_keys.empty()) return PublicKey{};
    const std::optional<std::string> key = BearerKey(request.authorization);
    if (!key) return std::nullopt;
    const Digest digest = Sha256(*key);
    // All are compared, each in constant time: how long it takes tells nothing of any key.
    bool found = false;
    for (const Digest& known : options.api_keys) {
      found |= CRYPTO_memcmp(known.bytes.data(), digest.bytes.data(), Digest::kSize) == 0;
    }
    return found ? PublicKey::FromBytes(digest.View()) : std::nullopt;
  }

  std::optional<HttpReply> Refuse(const HttpRequest& request) const {
    const std::string& path = request.path;
    if (path == "/healthz" || path == "/readyz") return OnlyWith("GET", request);
    if (options.api_keys.empty() && !IsLocalName(request.host)) {
      return ErrorReply({.status = 403,
                         .message = "without API keys only requests to localhost are taken; where "
                                    "a proxy passes them on, set api_keys",
                         .code = "host_not_allowed"});
    }
    if (!ClientOf(request)) {
      return ErrorReply({.status = 401,
                         .message = request.authorization.empty()
                                        ? "no API key: send it as 'Authorization: Bearer KEY'"
                                        : "the API key is not one that this gateway takes",
                         .code = "invalid_api_key"});
    }
    if (path == kChat) {
      if (auto refused = OnlyWith("POST", request)) return refused;
      if (IsJson(request.content_type)) return std::nullopt;
      // Another page in a browser may not send this one without asking first.
      return ErrorReply({.status = 415,
                         .message = "the body must be JSON: send 'Content-Type: application/json'",
                         .code = "unsupported_media_type"});
    }
    if (path == "/v1/models" || path == absl::StrCat("/v1/models/", kModelName) ||
        path == kRounds || path.starts_with(absl::StrCat(kRounds, "/"))) {
      return OnlyWith("GET", request);
    }
    return ErrorReply(NoSuchUrl(request));
  }

  static std::optional<HttpReply> OnlyWith(const std::string& method, const HttpRequest& request) {
    if (request.method == method) return std::nullopt;
    HttpReply reply = ErrorReply({.status = 405,
                                  .message = absl::StrCat(request.path, " takes ", method, " only"),
                                  .code = "method_not_allowed"});
    reply.headers.emplace_back("Allow", std::string(method));
    return reply;
  }

  void Handle(const std::shared_ptr<HttpExchange>& exchange) {
    const std::string& path = exchange->request().path;
    if (path == "/healthz") return exchange->Reply({.body = "{\"status\":\"ok\"}\n"});
    if (path == "/readyz") return exchange->Reply(ReadyReply(access.council));
    if (path == kChat) return RunChat(access, *ClientOf(exchange->request()), exchange);
    if (path.starts_with(kRounds)) {
      return RunRounds(access.council, bundles, std::string_view(path).substr(sizeof(kRounds) - 1),
                       exchange);
    }
    const std::string model = absl::StrCat("{\"id\":\"", kModelName, "\",\"object\":\"model\",",
                                           "\"created\":0,\"owned_by\":\"decentd\"}");
    exchange->Reply({.body = path == "/v1/models" ? absl::StrCat("{\"object\":\"list\",\"data\":[",
                                                                 model, "]}\n")
                                                  : model + "\n"});
  }

  const GatewayOptions options;
  const GatewayAccess access;
  std::atomic<int> bundles{0};
  std::unique_ptr<HttpServer> server;  // goes first
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const GatewayOptions& options,
                                                        std::shared_ptr<const Signer> key,
                                                        Council& council, QueryCheck check,
                                                        std::function<Roster()> roster) {
  const absl::StatusOr<ListenAddress> address = ListenAddress::Parse(options.listen);
  if (!address.ok()) {
    return absl::Status(address.status().code(),
                        absl::StrCat("gateway: ", address.status().message()));
  }
  if (absl::Status status = CheckExposure(options, *address); !status.ok()) return status;
  const ClientLimits::Options limits{.requests_per_minute = options.requests_per_minute,
                                     .rounds_in_flight = options.rounds_in_flight};
  auto impl = std::make_unique<Impl>(
      options,
      GatewayAccess{council, std::move(check), std::move(roster), std::move(key),
                    std::make_shared<ClientLimits>(limits, [&council](const RoundId& round) {
                      const absl::StatusOr<RoundSummary> summary = council.GetRound(round);
                      return summary.ok() && summary->state == RoundSummary::State::kRunning;
                    })});
  HttpHandler handler{
      [i = impl.get()](const HttpRequest& request) { return i->Refuse(request); },
      [i = impl.get()](std::shared_ptr<HttpExchange> exchange) { i->Handle(exchange); },
      [](int status, const std::string& message) {
        return ErrorReply(TransportError(status, message));
      }};
  absl::StatusOr<std::unique_ptr<HttpServer>> server = HttpServer::Start(
      *address, {.connections = options.connections, .body_bytes = kBodyBytes}, std::move(handler));
  if (!server.ok()) return server.status();
  impl->server = *std::move(server);
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

int Gateway::port() const { return impl_->server->address().port; }
std::string Gateway::address() const { return impl_->server->address().ToString(); }
void Gateway::Shutdown() { impl_->server->Shutdown(); }

}  // namespace decentd
