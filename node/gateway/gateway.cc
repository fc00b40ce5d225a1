#include "node/gateway/gateway.h"

#include <atomic>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node/api/client_limits.h"
#include "node/api/listen_address.h"
#include "node/gateway/chat_run.h"
#include "node/gateway/council_models.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/gateway_access.h"
#include "node/gateway/http_server.h"
#include "node/gateway/node_replies.h"
#include "node/gateway/round_replies.h"
#include "node/gateway/router.h"
#include "node/gateway/static_files.h"
#include "node/gateway/status_cache.h"
#include "node/gateway/workers.h"

namespace decentd {
namespace {

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

}  // namespace

struct Gateway::Impl {
  Impl(const GatewayOptions& options, std::shared_ptr<const Signer> key, GatewayNode n)
      : callers(options.api_keys, options.limits),
        node(std::move(n)),
        access{node.council,
               node.check,
               node.roster,
               std::move(key),
               std::make_shared<ClientLimits>(callers.QuestionLimits(), StillRunning(node.council)),
               std::make_shared<Proofs>(node.council, workers),
               workers,
               options.longest_wait} {}
  ~Impl() {
    server.reset();
    workers.Stop();  // before what its tasks use
  }

  std::vector<Route> MakeRoutes() {
    const auto file = [](const Call& call) { call.exchange->Reply(StaticFile(call.argument)); };
    const auto reply = [](auto make) {
      return [make](const Call& call) { call.exchange->Reply(make(call)); };
    };
    const auto of_rounds = [this](auto method) {
      return [this, method](const Call& call) { (rounds.*method)(call); };
    };
    constexpr bool kOpen = true, kKey = false, kSlow = true, kQuick = false;
    return {
        {"GET", "/", kOpen, kQuick, file},
        {"GET", "/dashboard/{file*}", kOpen, kQuick, file},
        {"GET", "/openapi.json", kOpen, kQuick,
         reply([](const Call&) { return ApiDescription(); })},
        {"GET", "/healthz", kOpen, kQuick,
         reply([](const Call&) { return HttpReply{.body = "{\"status\":\"ok\"}\n"}; })},
        {"GET", "/readyz", kOpen, kSlow, reply([this](const Call& call) {
           return ReadyReply(status, !callers.IsStranger(call.exchange->request()));
         })},
        {"GET", "/metrics", kKey, kSlow, reply([this](const Call&) {
           return HttpReply{.body = node.metrics(),
                            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
         })},
        {"GET", "/v1/models", kKey, kQuick,
         reply([this](const Call&) { return HttpReply{.body = ModelsJson(node.roster())}; })},
        {"GET", "/v1/models/{model}", kKey, kQuick,
         reply([this](const Call& call) { return OneModel(call.argument); })},
        {"POST", "/v1/chat/completions", kKey, kQuick,
         [this](const Call& call) { RunChat(access, call.client, call.exchange); }},
        {"POST", "/v1/rounds", kKey, kQuick, of_rounds(&RoundReplies::Create)},
        {"GET", "/v1/rounds", kKey, kSlow, of_rounds(&RoundReplies::List)},
        {"GET", "/v1/rounds/{id}", kKey, kSlow, of_rounds(&RoundReplies::One)},
        {"GET", "/v1/rounds/{id}/events", kKey, kQuick, of_rounds(&RoundReplies::Events)},
        {"GET", "/v1/rounds/{id}/bundle", kKey, kSlow, of_rounds(&RoundReplies::Bundle)},
        {"GET", "/v1/nodes", kKey, kSlow,
         reply([this](const Call&) { return NodesReply(status, node.roster()); })},
        {"GET", "/v1/roster", kKey, kSlow,
         reply([this](const Call&) { return RosterReply(status, node.roster()); })},
    };
  }

  // Looks at who asks for what; `route`: null where there is none.
  std::optional<HttpReply> Refuse(const HttpRequest& request, const Route* route,
                                  const std::optional<PublicKey>& caller) const {
    if (route != nullptr && route->open) return std::nullopt;
    if (callers.ByForeignName(request)) {
      return ErrorReply({.status = 403,
                         .message = "without API keys only requests to localhost are taken; where "
                                    "a proxy passes them on, set api_keys",
                         .code = "host_not_allowed"});
    }
    if (!caller) {
      return ErrorReply({.status = 401,
                         .message = request.authorization.empty()
                                        ? "no API key: send it as 'Authorization: Bearer KEY'"
                                        : "the API key is not one that this gateway takes",
                         .code = "invalid_api_key"});
    }
    if (route == nullptr) return RefuseUnknown(request);
    if (route->method != "POST" || IsJson(request.content_type)) return std::nullopt;
    // Another page in a browser may not send this one without asking first.
    return ErrorReply({.status = 415,
                       .message = "the body must be JSON: send 'Content-Type: application/json'",
                       .code = "unsupported_media_type"});
  }

  HttpReply RefuseUnknown(const HttpRequest& request) const {
    const std::string allowed = router.Allowed(request.path);
    if (allowed.empty()) return ErrorReply(NoSuchUrl(request));
    HttpReply reply = ErrorReply({.status = 405,
                                  .message = absl::StrCat(request.path, " takes ", allowed),
                                  .code = "method_not_allowed"});
    reply.headers.emplace_back("Allow", allowed);
    return reply;
  }

  static HttpReply RefuseOneMore(const GatewayLimits& limits) {
    return ErrorReply(FromStatus(absl::ResourceExhaustedError(
        absl::StrCat("this API key has ", limits.requests_at_once,
                     " requests under way, as many as it may (requests_at_once); let one end"))));
  }

  std::variant<HttpReply, Admitted> Admit(const HttpRequest& request) {
    Call call;
    const Route* route = router.Find(request.method, request.path, &call.argument);
    const std::optional<PublicKey> caller = callers.CallerOf(request);
    if (std::optional<HttpReply> refused = Refuse(request, route, caller)) return *refused;
    const GatewayLimits limits = callers.LimitsOf(caller);
    Admitted admitted;
    admitted.body_bytes = limits.body_bytes;
    if (!route->open) {
      call.client = *caller;
      admitted.held = callers.Begin(*caller);
      if (!admitted.held) return RefuseOneMore(limits);
    }
    admitted.handle = [this, route, call](std::shared_ptr<HttpExchange> exchange) {
      Run(*route, {std::move(exchange), call.argument, call.client});
    };
    return admitted;
  }

  void Run(const Route& route, const Call& call) {
    if (!route.slow) return route.run(call);
    const bool taken = workers.Run([&route, call] {
      if (!call.exchange->gone()) route.run(call);
    });
    if (!taken) call.exchange->Reply(ErrorReply(TooManyWait()));
  }

  HttpReply OneModel(const std::string& name) const {
    if (CommitteeOf(node.roster(), name)) return {.body = ModelJson(name)};
    return ErrorReply({.status = 404,
                       .message = "there is no such model; see GET /v1/models",
                       .param = "model",
                       .code = "model_not_found"});
  }

  const Callers callers;
  const GatewayNode node;
  Workers workers;
  const GatewayAccess access;
  StatusCache status{node.council, node.peers};
  RoundReplies rounds{access};
  const Router router{MakeRoutes()};
  std::unique_ptr<HttpServer> server;
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const GatewayOptions& options,
                                                        std::shared_ptr<const Signer> key,
                                                        GatewayNode node) {
  const absl::StatusOr<ListenAddress> address = ListenAddress::Parse(options.listen);
  if (!address.ok()) {
    return absl::Status(address.status().code(),
                        absl::StrCat("gateway: ", address.status().message()));
  }
  if (absl::Status status = CheckExposure(options, *address); !status.ok()) return status;
  auto impl = std::make_unique<Impl>(options, std::move(key), std::move(node));
  HttpHandler handler{
      [i = impl.get()](const HttpRequest& request) { return i->Admit(request); },
      [](int status, const std::string& message) {
        return ErrorReply(TransportError(status, message));
      },
      [i = impl.get()](const HttpRequest& request, int status) {
        std::string ignored;
        const Route* route = i->router.Find(request.method, request.path, &ignored);
        i->node.answered(request.method, route == nullptr ? "" : route->pattern, status);
      }};
  absl::StatusOr<std::unique_ptr<HttpServer>> server =
      HttpServer::Start(*address, {.connections = options.connections}, std::move(handler));
  if (!server.ok()) return server.status();
  impl->server = *std::move(server);
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

int Gateway::port() const { return impl_->server->address().port; }
std::string Gateway::address() const { return impl_->server->address().ToString(); }
void Gateway::Shutdown() { impl_->server->Shutdown(); }

std::vector<std::string> Gateway::routes() const {
  std::vector<std::string> routes;
  for (const Route& route : impl_->router.routes()) {
    routes.push_back(absl::StrCat(route.method, " ", route.pattern));
  }
  return routes;
}

}  // namespace decentd
