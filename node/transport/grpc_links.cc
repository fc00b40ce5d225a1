#include "node/transport/grpc_links.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "decentd/peer/v1/peer.grpc.pb.h"
#include "node/core/limits.h"
#include "node/transport/grpc_log.h"
#include "node/transport/peer_authenticator.h"
#include "node/transport/peer_link.h"

namespace decentd {
namespace {

using std::chrono::steady_clock;
using RawService = peer::v1::Peer::WithRawCallbackMethod_Link<peer::v1::Peer::Service>;
using RawReactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

// Above the limit on a frame, so that a frame just too long is named and not only cut.
constexpr int kMaxMessageBytes = static_cast<int>(limits::kMaxFrameBytes + 64 * 1024);

class RefusedCall final : public RawReactor {
 public:
  explicit RefusedCall(const std::string& reason) {
    Finish({grpc::StatusCode::UNAUTHENTICATED, reason});
  }
  void OnDone() override { delete this; }
};

EncodedFrame Greeting(const LinkOptions& options) {
  peer::v1::Frame frame;
  peer::v1::Hello& hello = *frame.mutable_hello();
  hello.set_cluster_id(std::string(options.roster->cluster_id().View()));
  hello.set_protocol_version(kLinkProtocolVersion);
  hello.set_software_version(options.software_version);
  hello.set_boot(options.boot);
  return EncodeFrame(frame);
}

}  // namespace

class GrpcLinks::Impl final : public RawService {
 public:
  explicit Impl(LinkOptions options)
      : options_(std::move(options)),
        environment_{
            options_,
            Greeting(options_),
            [this](NodeIndex peer, const std::string& address) { return Channel(peer, address); },
            [this] { Wake(); },
            [this] { return Lease(); },
            [this] { return Random(); }},
        refusals_(options_.log) {}

  ~Impl() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    if (upkeep_.joinable()) upkeep_.join();
    for (auto& [index, link] : links_) link->Stop();
    // Calls that did not end by themselves are cancelled at the deadline.
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return leases_ == 0; });
    lock.unlock();
    returned_channels_.clear();
    server_.reset();
  }

  absl::Status Start() {
    if (absl::Status status = MakeLinks(); !status.ok()) return status;
    if (absl::Status status = Listen(); !status.ok()) return status;
    upkeep_ = std::thread([this] { Upkeep(); });
    return absl::OkStatus();
  }

  int port() const { return port_; }

  PeerLink* Find(NodeIndex peer) const {
    const auto link = links_.find(peer);
    return link == links_.end() ? nullptr : link->second.get();
  }

  void Broadcast(const FramePtr& frame) {
    for (uint16_t i = 0; i < options_.roster->n(); ++i) Send(NodeIndex{i}, frame);
  }

  void Send(NodeIndex peer, const FramePtr& frame) {
    PeerLink* link = Find(peer);
    if (link == nullptr) return;
    EncodedFrame encoded = encoder_.Encode(frame);
    if (encoded.bytes.size() > limits::kMaxFrameBytes) {
      link->CountDropped();
      options_.log->error("dropped a frame of {} bytes to {}: a frame holds at most {}",
                          encoded.bytes.size(), options_.roster->node(peer).name,
                          limits::kMaxFrameBytes);
      return;
    }
    link->Send(std::move(encoded));
  }

  std::vector<PeerState> States() const {
    std::vector<PeerState> states;
    for (const auto& [index, link] : links_) states.push_back(link->State());
    return states;
  }

  RawReactor* Link(grpc::CallbackServerContext* context) override {
    const auto peer = PeerAuthenticator::PeerOf(*context->auth_context());
    const std::string& self = options_.roster->node(options_.self).name;
    std::string reason;
    if (!peer.ok()) {
      reason = absl::StrCat(peer.status().message(), " of ", self,
                            ": compare `decentctl roster show` on both");
    } else if (*peer == options_.self) {
      reason = absl::StrCat("it holds ", self, "'s own identity key: each node needs its own");
    } else {
      return Find(*peer)->Accept(context);
    }
    refusals_.Refused(ReadableAddress(context->peer()), reason);
    return new RefusedCall(reason);
  }

 private:
  absl::Status MakeLinks() {
    const Roster& roster = *options_.roster;
    for (uint16_t i = 0; i < roster.n(); ++i) {
      const NodeIndex peer{i};
      if (peer == options_.self) continue;
      const RosterNode& node = roster.node(peer);
      absl::StatusOr<std::string> anchor = TrustAnchorPem(node.key);
      if (!anchor.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the identity key of ", node.name, " in the roster: ", anchor.status().message()));
      }
      grpc::SslCredentialsOptions ssl;
      ssl.pem_root_certs = *std::move(anchor);
      ssl.pem_private_key = options_.tls.private_key_pem;
      ssl.pem_cert_chain = options_.tls.certificate_pem;
      credentials_[peer] = grpc::SslCredentials(ssl);
      links_[peer] = std::make_unique<PeerLink>(environment_, peer);
    }
    return absl::OkStatus();
  }

  absl::Status Listen() {
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
    ssl.pem_key_cert_pairs.push_back({options_.tls.private_key_pem, options_.tls.certificate_pem});
    auto credentials = grpc::SslServerCredentials(ssl);
    credentials->SetAuthMetadataProcessor(std::make_shared<PeerAuthenticator>(*options_.roster));
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.listen_address, credentials, &port_);
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(-1);
    // Two daemons at one port would share its connections by chance.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // A stream and the one that replaces it; whoever opens connections must use them.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 4);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 30'000);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
    // Closes connections of vanished peers; the pings of live streams are frames of our own, so
    // that no side can find the other's keepalive too frequent.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen at ", options_.listen_address,
          ": another program has this port, or it is no address of this machine; change the "
          "listen address or stop the other program"));
    }
    return absl::OkStatus();
  }

  LentChannel Channel(NodeIndex peer, const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(kTlsName);
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    arguments.SetMaxSendMessageSize(-1);
    // Each attempt is a connection of its own: its outcome is this attempt's, and when to try
    // again is decided here.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    return {grpc::CreateCustomChannel("dns:///" + address, credentials_.at(peer), arguments),
            [this](std::shared_ptr<grpc::Channel> channel) {
              std::lock_guard lock(mutex_);
              returned_channels_.push_back(std::move(channel));
              wake_ = true;
              changed_.notify_all();
            }};
  }

  void Upkeep() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      wake_ = false;
      auto returned = std::exchange(returned_channels_, {});
      lock.unlock();
      returned.clear();
      const SteadyTime now = steady_clock::now();
      SteadyTime next = now + std::chrono::seconds(10);
      for (auto& [index, link] : links_) next = std::min(next, link->Tick(now));
      lock.lock();
      changed_.wait_until(lock, next, [this] { return stopping_ || wake_; });
    }
  }

  void Wake() {
    std::lock_guard lock(mutex_);
    wake_ = true;
    changed_.notify_all();
  }

  std::shared_ptr<void> Lease() {
    std::lock_guard lock(mutex_);
    ++leases_;
    return std::shared_ptr<void>(nullptr, [this](void*) {
      std::lock_guard lock(mutex_);
      --leases_;
      changed_.notify_all();
    });
  }

  double Random() {
    std::lock_guard lock(mutex_);
    return std::uniform_real_distribution<double>(0, 1)(random_);
  }

  LinkOptions options_;
  LinkEnvironment environment_;
  FrameEncoder encoder_;
  RefusalLog refusals_;
  std::map<NodeIndex, std::shared_ptr<grpc::ChannelCredentials>> credentials_;
  std::map<NodeIndex, std::unique_ptr<PeerLink>> links_;  // fixed after Start
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::thread upkeep_;

  std::mutex mutex_;  // taken last
  std::condition_variable changed_;
  bool stopping_ = false;
  bool wake_ = false;
  size_t leases_ = 0;
  std::vector<std::shared_ptr<grpc::Channel>> returned_channels_;
  std::mt19937_64 random_{std::random_device{}()};
};

GrpcLinks::GrpcLinks(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GrpcLinks::~GrpcLinks() = default;

absl::StatusOr<std::unique_ptr<GrpcLinks>> GrpcLinks::Start(LinkOptions options) {
  if (options.roster == nullptr || options.receiver == nullptr || options.log == nullptr) {
    return absl::InvalidArgumentError("links need a roster, a receiver and a logger");
  }
  if (options.self.value >= options.roster->n()) {
    return absl::InvalidArgumentError(
        absl::StrCat("node ", options.self.value, " is not in a roster of ", options.roster->n()));
  }
  RouteGrpcLog(options.log);
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<GrpcLinks>(new GrpcLinks(std::move(impl)));
}

int GrpcLinks::port() const { return impl_->port(); }

void GrpcLinks::Send(NodeIndex peer, FramePtr frame) { impl_->Send(peer, frame); }

void GrpcLinks::Broadcast(FramePtr frame) { impl_->Broadcast(frame); }

std::vector<PeerState> GrpcLinks::States() const { return impl_->States(); }

void GrpcLinks::CountFault(NodeIndex peer) {
  if (PeerLink* link = impl_->Find(peer)) link->CountFault();
}

void GrpcLinks::Disallow(NodeIndex peer) {
  if (PeerLink* link = impl_->Find(peer)) link->Disallow();
}

void GrpcLinks::SetAddresses(NodeIndex peer, std::vector<std::string> addresses) {
  if (PeerLink* link = impl_->Find(peer)) link->SetAddresses(std::move(addresses));
}

}  // namespace decentd
