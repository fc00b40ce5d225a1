#include "node/transport/grpc_links.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node/core/limits.h"
#include "node/transport/peer_link.h"

namespace decentd {
namespace {

using std::chrono::steady_clock;

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

class GrpcLinks::Impl final {
 public:
  explicit Impl(LinkOptions options)
      : options_(std::move(options)),
        environment_{
            options_,
            Greeting(options_),
            options_.roster->cluster_id().Hex(),
            [this](NodeIndex peer, const std::string& address) { return Channel(peer, address); },
            [this] { Wake(); },
            [this] { return Lease(); },
            [this] { return Random(); }} {}

  ~Impl() { Close(); }

  void Close() { std::call_once(closed_, [this] { CloseOnce(); }); }

  void CloseOnce() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    if (upkeep_.joinable()) upkeep_.join();
    door_.reset();
    for (auto& [index, link] : links_) link->Stop();
    std::unique_lock lock(mutex_);
    const auto all_gone = [this] { return leases_ == 0; };
    if (!changed_.wait_for(lock, options_.times.linger, all_gone)) {
      // A peer that does not read keeps its stream from ending by itself.
      lock.unlock();
      for (auto& [index, link] : links_) link->Cut();
      lock.lock();
      changed_.wait(lock, all_gone);
    }
    lock.unlock();
    returned_channels_.clear();
  }

  absl::Status Start() {
    if (absl::Status status = MakeLinks(); !status.ok()) return status;
    door_ = options_.server->Open(*options_.roster, options_.self,
                                  [this](NodeIndex peer, grpc::CallbackServerContext* context) {
                                    return Find(peer)->Accept(context);
                                  });
    upkeep_ = std::thread([this] { Upkeep(); });
    return absl::OkStatus();
  }

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
  std::map<NodeIndex, std::shared_ptr<grpc::ChannelCredentials>> credentials_;
  std::map<NodeIndex, std::unique_ptr<PeerLink>> links_;  // fixed after Start
  std::unique_ptr<PeerServer::Door> door_;
  std::once_flag closed_;
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

void GrpcLinks::Close() { impl_->Close(); }

absl::StatusOr<std::unique_ptr<GrpcLinks>> GrpcLinks::Start(LinkOptions options) {
  if (options.server == nullptr || options.roster == nullptr || options.receiver == nullptr ||
      options.log == nullptr) {
    return absl::InvalidArgumentError("links need a server, a roster, a receiver and a logger");
  }
  if (options.self.value >= options.roster->n()) {
    return absl::InvalidArgumentError(
        absl::StrCat("node ", options.self.value, " is not in a roster of ", options.roster->n()));
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<GrpcLinks>(new GrpcLinks(std::move(impl)));
}

void GrpcLinks::Send(NodeIndex peer, FramePtr frame) { impl_->Send(peer, frame); }

void GrpcLinks::Broadcast(FramePtr frame) { impl_->Broadcast(frame); }

std::vector<PeerState> GrpcLinks::States() const { return impl_->States(); }

void GrpcLinks::CountFault(NodeIndex peer) {
  if (PeerLink* link = impl_->Find(peer)) link->CountFault();
}

void GrpcLinks::SetAddresses(NodeIndex peer, std::vector<std::string> addresses) {
  if (PeerLink* link = impl_->Find(peer)) link->SetAddresses(std::move(addresses));
}

}  // namespace decentd
