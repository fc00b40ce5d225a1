#include "node/transport/peer_server.h"

#include <grpcpp/security/server_credentials.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "decentd/peer/v1/peer.grpc.pb.h"
#include "node/core/limits.h"
#include "node/transport/grpc_log.h"
#include "node/transport/peer_authenticator.h"
#include "node/transport/stream.h"

namespace decentd {
namespace {

using RawService = peer::v1::Peer::WithRawCallbackMethod_Link<peer::v1::Peer::Service>;

class RefusedCall final : public PeerServer::Call {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

std::string ShortId(const Roster& roster) { return roster.cluster_id().Hex().substr(0, 12); }

// Nothing where the call names no roster; what is no id names one that nobody has.
std::optional<Digest> RosterOf(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto named = metadata.find(kClusterMetadata);
  if (named == metadata.end()) return std::nullopt;
  return Digest::FromHex(std::string(named->second.data(), named->second.size()))
      .value_or(Digest{});
}

}  // namespace

class PeerServer::Impl final : public RawService, public PeerKeys {
 public:
  explicit Impl(Options options) : options_(std::move(options)), refusals_(options_.log) {}
  ~Impl() override {
    // Calls that did not end by themselves are cancelled at the deadline.
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }

  absl::Status Listen() {
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
    ssl.pem_key_cert_pairs.push_back({options_.tls.private_key_pem, options_.tls.certificate_pem});
    auto credentials = grpc::SslServerCredentials(ssl);
    credentials->SetAuthMetadataProcessor(std::make_shared<PeerAuthenticator>(*this));
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.listen_address, credentials, &port_);
    builder.RegisterService(this);
    // Above the limit on a frame, so that a frame just too long is named and not only cut.
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

  int port() const { return port_; }

  std::unique_ptr<Door> Open(const Roster& roster, NodeIndex self, Accept accept);

  std::vector<PublicKey> Keys() const override {
    std::shared_lock lock(mutex_);
    std::vector<PublicKey> keys;
    for (const Opened& opened : opened_) {
      for (const RosterNode& node : opened.roster.nodes()) keys.push_back(node.key);
    }
    return keys;
  }

  Call* Link(grpc::CallbackServerContext* context) override {
    const absl::StatusOr<PublicKey> key = PeerAuthenticator::KeyOf(*context->auth_context());
    // Held while a call is taken in, so that a door that has gone takes none.
    std::shared_lock lock(mutex_);
    const std::optional<Digest> wanted = RosterOf(*context);
    const auto fits = [&](const Opened& opened) {
      return wanted ? opened.roster.cluster_id() == *wanted
                    : key.ok() && opened.roster.FindKey(*key).has_value();
    };
    const auto opened = std::ranges::find_if(opened_, fits);
    grpc::StatusCode code = grpc::StatusCode::UNAUTHENTICATED;
    std::string reason;
    if (opened_.empty()) {
      code = grpc::StatusCode::UNAVAILABLE;
      reason = "this node is starting or stopping";
    } else if (!key.ok()) {
      reason = absl::StrCat(key.status().message(), " of ", Name(opened_.front()),
                            ": compare `decentctl roster show` on both");
    } else if (opened == opened_.end()) {
      code = grpc::StatusCode::FAILED_PRECONDITION;
      reason = OtherRoster(wanted);
    } else if (const auto peer = opened->roster.FindKey(*key); !peer) {
      reason = absl::StrCat("its identity key is not in the roster of ", Name(*opened),
                            ": compare `decentctl roster show` on both");
    } else if (*peer == opened->self) {
      reason = absl::StrCat("it holds ", Name(*opened),
                            "'s own identity key: each node needs its own");
    } else {
      return opened->accept(*peer, context);
    }
    lock.unlock();
    refusals_.Refused(ReadableAddress(context->peer()), reason);
    return new RefusedCall({code, reason});
  }

 private:
  struct Opened {
    const Roster& roster;
    NodeIndex self;
    Accept accept;
  };
  class OpenDoor;

  static const std::string& Name(const Opened& opened) {
    return opened.roster.node(opened.self).name;
  }
  std::string OtherRoster(const std::optional<Digest>& wanted) const {
    std::vector<std::string> here;
    for (const Opened& opened : opened_) {
      here.push_back(absl::StrCat(ShortId(opened.roster), " (epoch ", opened.roster.epoch(), ")"));
    }
    return absl::StrCat(Name(opened_.front()), " has roster ", absl::StrJoin(here, " and "),
                        " and not ", wanted ? wanted->Hex().substr(0, 12) : "that of the caller",
                        ": compare `decentctl roster show` on both; a new one is adopted with "
                        "`decentctl roster adopt`");
  }

  const Options options_;
  RefusalLog refusals_;
  int port_ = 0;
  mutable std::shared_mutex mutex_;
  std::list<Opened> opened_;  // oldest first
  std::unique_ptr<grpc::Server> server_;
};

class PeerServer::Impl::OpenDoor final : public Door {
 public:
  OpenDoor(Impl& server, std::list<Opened>::iterator position)
      : server_(server), position_(position) {}
  ~OpenDoor() override {
    std::unique_lock lock(server_.mutex_);
    server_.opened_.erase(position_);
  }

 private:
  Impl& server_;
  const std::list<Opened>::iterator position_;
};

std::unique_ptr<PeerServer::Door> PeerServer::Impl::Open(const Roster& roster, NodeIndex self,
                                                         Accept accept) {
  std::unique_lock lock(mutex_);
  opened_.push_back({roster, self, std::move(accept)});
  return std::make_unique<OpenDoor>(*this, std::prev(opened_.end()));
}

PeerServer::PeerServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerServer::~PeerServer() = default;

absl::StatusOr<std::unique_ptr<PeerServer>> PeerServer::Start(Options options) {
  if (options.log == nullptr) return absl::InvalidArgumentError("a peer server needs a logger");
  RouteGrpcLog(options.log);
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status status = impl->Listen(); !status.ok()) return status;
  return std::unique_ptr<PeerServer>(new PeerServer(std::move(impl)));
}

int PeerServer::port() const { return impl_->port(); }

std::unique_ptr<PeerServer::Door> PeerServer::Open(const Roster& roster, NodeIndex self,
                                                   Accept accept) {
  return impl_->Open(roster, self, std::move(accept));
}

}  // namespace decentd
