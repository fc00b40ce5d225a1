#include "node/control/control_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "decentd/control/v1/control.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "node/control/socket_path.h"

namespace decentd {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

class Service final : public control::v1::Control::Service {
 public:
  explicit Service(ControlActions actions) : actions_(std::move(actions)) {}

  grpc::Status GetHealth(grpc::ServerContext*, const control::v1::GetHealthRequest*,
                         control::v1::Health* reply) override {
    const absl::StatusOr<NodeHealth> health = actions_.health();
    if (!health.ok()) return ToGrpc(health.status());
    reply->set_name(health->name);
    reply->set_version(health->version);
    reply->set_voting(health->voting);
    reply->set_not_voting_because(health->not_voting_because);
    reply->set_nodes(health->nodes);
    reply->set_reachable(health->reachable);
    reply->set_needed(health->needed);
    return grpc::Status::OK;
  }

  grpc::Status SetLogLevel(grpc::ServerContext*, const control::v1::SetLogLevelRequest* request,
                           control::v1::SetLogLevelResponse* reply) override {
    absl::StatusOr<std::string> before = actions_.set_log_level(request->level());
    if (before.ok()) reply->set_before(*std::move(before));
    return ToGrpc(before.status());
  }

  grpc::Status Backup(grpc::ServerContext*, const control::v1::BackupRequest* request,
                      control::v1::BackupResponse* reply) override {
    const absl::StatusOr<uint64_t> bytes = actions_.backup(request->directory());
    if (bytes.ok()) reply->set_bytes(*bytes);
    return ToGrpc(bytes.status());
  }

  grpc::Status Compact(grpc::ServerContext*, const control::v1::CompactRequest*,
                       control::v1::CompactResponse* reply) override {
    const auto bytes = actions_.compact();
    if (bytes.ok()) {
      reply->set_bytes_before(bytes->first);
      reply->set_bytes_after(bytes->second);
    }
    return ToGrpc(bytes.status());
  }

  grpc::Status AdoptRoster(grpc::ServerContext*, const control::v1::AdoptRosterRequest* request,
                           control::v1::RosterState* reply) override {
    return Fill(actions_.adopt_roster(request->roster()), reply);
  }

  grpc::Status RetireRoster(grpc::ServerContext*, const control::v1::RetireRosterRequest* request,
                            control::v1::RosterState* reply) override {
    return Fill(actions_.retire_roster(request->now(), request->anyway()), reply);
  }

 private:
  static grpc::Status Fill(const absl::StatusOr<NodeRoster>& roster,
                           control::v1::RosterState* reply) {
    if (!roster.ok()) return ToGrpc(roster.status());
    reply->set_cluster_id(roster->cluster_id);
    reply->set_epoch(roster->epoch);
    reply->set_state(roster->state);
    reply->set_nodes(roster->nodes);
    reply->set_quorum(roster->quorum);
    for (const std::string& name : roster->reached) reply->add_reached(name);
    reply->set_rounds_open(roster->rounds_open);
    return grpc::Status::OK;
  }

  const ControlActions actions_;
};

}  // namespace

struct ControlServer::Impl {
  explicit Impl(ControlActions actions) : service(std::move(actions)) {}
  std::string socket;
  Service service;
  std::unique_ptr<grpc::Server> server;
};

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(
    const std::string& data_directory, ControlActions actions) {
  absl::StatusOr<std::string> socket = ControlSocket(data_directory);
  if (!socket.ok()) return socket.status();
  auto impl = std::make_unique<Impl>(std::move(actions));
  impl->socket = *socket;
  // Left by a process that was killed; nobody else serves this directory.
  unlink(socket->c_str());
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + *socket, grpc::InsecureServerCredentials());
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.RegisterService(&impl->service);
  impl->server = builder.BuildAndStart();
  // The directory is the node's alone (0700) already; this is for one that was opened up.
  if (impl->server == nullptr || chmod(socket->c_str(), S_IRUSR | S_IWUSR) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot make the control socket ", *socket, ": ",
                                               std::strerror(errno)));
  }
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

ControlServer::~ControlServer() {
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  unlink(impl_->socket.c_str());
}

}  // namespace decentd
