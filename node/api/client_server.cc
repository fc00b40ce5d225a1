#include "node/api/client_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "node/api/client_service.h"
#include "node/api/listen_address.h"
#include "node/api/server_tls.h"
#include "node/core/limits.h"

namespace decentd {
namespace {

// The largest request is a query in its envelope.
constexpr size_t kEnvelopeBytes = 4096;
constexpr size_t kSmallestChunk = 64 * 1024, kLargestChunk = 1024 * 1024;
constexpr int kThreads = 8;  // that gRPC may start for this server

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials(
    const ClientServerOptions& options, const ListenAddress& address) {
  const bool certificate = !options.tls_certificate_file.empty();
  if (certificate != !options.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        "client API: TLS needs both a certificate file and a key file, only one is set");
  }
  if (certificate) {
    absl::StatusOr<ServerTls> tls =
        ReadServerTls(options.tls_certificate_file, options.tls_key_file);
    if (!tls.ok()) {
      return absl::Status(tls.status().code(),
                          absl::StrCat("client API: ", tls.status().message()));
    }
    grpc::SslServerCredentialsOptions ssl;
    ssl.pem_key_cert_pairs.push_back({std::move(tls->private_key), tls->certificate_chain});
    return grpc::SslServerCredentials(ssl);
  }
  if (!address.IsLoopback() && !options.insecure) {
    return absl::FailedPreconditionError(absl::StrCat(
        "client API: refusing to listen on ", address.ToString(), " without TLS, for other ",
        "machines can reach it and would read every question; set a TLS certificate and key, ",
        "listen on 127.0.0.1, or allow it with \"insecure: true\""));
  }
  return grpc::InsecureServerCredentials();
}

}  // namespace

struct ClientServer::Impl {
  Impl(ClientService::Options options, Council& council, QueryCheck check,
       PeerInfoProvider peers)
      : service(std::move(options), council, std::move(check), std::move(peers)) {}

  ListenAddress address;
  bool tls = false;
  ClientService service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Subscription> voting;
  std::atomic<bool> stopped{false};
};

ClientServer::ClientServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<std::unique_ptr<ClientServer>> ClientServer::Start(
    const ClientServerOptions& options, Council& council, QueryCheck check,
    PeerInfoProvider peers) {
  const absl::StatusOr<ListenAddress> address = ListenAddress::Parse(options.listen);
  if (!address.ok()) {
    return absl::Status(address.status().code(),
                        absl::StrCat("client API: ", address.status().message()));
  }
  auto credentials = Credentials(options, *address);
  if (!credentials.ok()) return credentials.status();

  ClientService::Options service_options{
      .allowed_clients = options.allowed_clients,
      .limits = {.each = {.requests_per_minute = options.requests_per_minute,
                          .rounds_in_flight = options.rounds_in_flight}},
      .watch = {.streams = options.watchers, .queue = std::max<size_t>(options.watch_queue, 1)},
      .bundle_chunk_bytes = std::clamp(options.bundle_chunk_bytes, kSmallestChunk, kLargestChunk)};
  auto impl =
      std::make_unique<Impl>(std::move(service_options), council, std::move(check), std::move(peers));
  impl->address = *address;
  impl->tls = !options.tls_certificate_file.empty();

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address->ToString(), *credentials, &port);
  // Without this a second daemon could share the port and take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 128);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMaxQueryBytes + kEnvelopeBytes));
  grpc::ResourceQuota quota("client-api");
  quota.Resize(options.memory_bytes);
  quota.SetMaxThreads(kThreads);
  builder.SetResourceQuota(quota);
  // Only the reflection service is served by synchronous threads: one is enough.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.RegisterService(&impl->service);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || port == 0) {
    const absl::Status why = ProbeListen(*address);
    return absl::UnavailableError(absl::StrCat(
        "client API: cannot listen on ",
        why.ok() ? absl::StrCat(address->ToString(), ": gRPC refused the address or the TLS files")
                 : std::string(why.message()),
        "; free the port or set another address"));
  }
  impl->address.port = static_cast<uint16_t>(port);
  impl->voting = council.WatchVoting([health = impl->server->GetHealthCheckService()](bool voting) {
    health->SetServingStatus(client::v1::Council::service_full_name(), voting);
  });
  return std::unique_ptr<ClientServer>(new ClientServer(std::move(impl)));
}

ClientServer::~ClientServer() { Shutdown(); }

int ClientServer::port() const { return impl_->address.port; }
std::string ClientServer::address() const { return impl_->address.ToString(); }
bool ClientServer::uses_tls() const { return impl_->tls; }

void ClientServer::Shutdown() {
  if (impl_->stopped.exchange(true)) return;
  impl_->voting.reset();
  impl_->server->GetHealthCheckService()->Shutdown();
  impl_->service.EndWatchers();
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
}

}  // namespace decentd
