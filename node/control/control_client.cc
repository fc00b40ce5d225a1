#include "node/control/control_client.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "decentd/control/v1/control.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "node/control/socket_path.h"

namespace decentd {
namespace {

// A node that is busy with a full disk or a long step still answers within this.
constexpr std::chrono::seconds kAnswerWithin{10};
// The end of a roster waits for its links and the disk.
constexpr std::chrono::seconds kChangeWithin{60};

NodeRoster FromReply(const control::v1::RosterState& reply) {
  return {reply.cluster_id(), reply.epoch(),  reply.state(), reply.nodes(), reply.quorum(),
          {reply.reached().begin(), reply.reached().end()}, reply.rounds_open()};
}

}  // namespace

struct ControlClient::Impl {
  std::string data_directory, socket;
  std::unique_ptr<control::v1::Control::Stub> stub;

  template <class Request, class Reply>
  absl::Status Call(grpc::Status (control::v1::Control::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Reply*),
                    const Request& request, Reply* reply,
                    std::optional<std::chrono::seconds> within) const {
    if (access(socket.c_str(), F_OK) != 0) {
      return absl::UnavailableError(absl::StrCat(
          "no node runs with the data directory ", data_directory, " (", socket,
          " is not there); start it, or name its configuration with --config"));
    }
    grpc::ClientContext context;
    if (within) context.set_deadline(std::chrono::system_clock::now() + *within);
    const grpc::Status status = (stub.get()->*method)(&context, request, reply);
    if (status.ok()) return absl::OkStatus();
    const auto code = static_cast<absl::StatusCode>(status.error_code());
    if (code == absl::StatusCode::kUnavailable) {
      return absl::UnavailableError(absl::StrCat(
          "the node of ", data_directory, " does not answer at ", socket,
          ": it has ended, or it belongs to another user (", status.error_message(), ")"));
    }
    return absl::Status(code, status.error_message());
  }
};

ControlClient::ControlClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlClient::ControlClient(ControlClient&&) noexcept = default;
ControlClient::~ControlClient() = default;

absl::StatusOr<ControlClient> ControlClient::For(const std::string& data_directory) {
  absl::StatusOr<std::string> socket = ControlSocket(data_directory);
  if (!socket.ok()) return socket.status();
  auto impl = std::make_unique<Impl>();
  impl->data_directory = data_directory;
  impl->socket = *socket;
  impl->stub = control::v1::Control::NewStub(
      grpc::CreateChannel("unix:" + *socket, grpc::InsecureChannelCredentials()));
  return ControlClient(std::move(impl));
}

absl::StatusOr<NodeHealth> ControlClient::Health() const {
  control::v1::Health reply;
  const absl::Status status = impl_->Call(&control::v1::Control::Stub::GetHealth,
                                          control::v1::GetHealthRequest(), &reply, kAnswerWithin);
  if (!status.ok()) return status;
  return NodeHealth{reply.name(),      reply.version(),   reply.voting(),
                    reply.not_voting_because(), reply.nodes(), reply.reachable(), reply.needed()};
}

absl::StatusOr<std::string> ControlClient::SetLogLevel(const std::string& level) const {
  control::v1::SetLogLevelRequest request;
  request.set_level(level);
  control::v1::SetLogLevelResponse reply;
  const absl::Status status =
      impl_->Call(&control::v1::Control::Stub::SetLogLevel, request, &reply, kAnswerWithin);
  if (!status.ok()) return status;
  return reply.before();
}

absl::StatusOr<uint64_t> ControlClient::Backup(const std::string& directory) const {
  std::error_code error;
  control::v1::BackupRequest request;
  request.set_directory(std::filesystem::absolute(directory, error).lexically_normal().string());
  if (error) return absl::InvalidArgumentError(directory + ": " + error.message());
  control::v1::BackupResponse reply;
  const absl::Status status =
      impl_->Call(&control::v1::Control::Stub::Backup, request, &reply, std::nullopt);
  if (!status.ok()) return status;
  return reply.bytes();
}

absl::StatusOr<std::pair<uint64_t, uint64_t>> ControlClient::Compact() const {
  control::v1::CompactResponse reply;
  const absl::Status status = impl_->Call(&control::v1::Control::Stub::Compact,
                                          control::v1::CompactRequest(), &reply, std::nullopt);
  if (!status.ok()) return status;
  return std::pair(reply.bytes_before(), reply.bytes_after());
}

absl::StatusOr<NodeRoster> ControlClient::AdoptRoster(const std::string& roster) const {
  control::v1::AdoptRosterRequest request;
  request.set_roster(roster);
  control::v1::RosterState reply;
  const absl::Status status =
      impl_->Call(&control::v1::Control::Stub::AdoptRoster, request, &reply, kChangeWithin);
  if (!status.ok()) return status;
  return FromReply(reply);
}

absl::StatusOr<NodeRoster> ControlClient::RetireRoster(bool now, bool anyway) const {
  control::v1::RetireRosterRequest request;
  request.set_now(now);
  request.set_anyway(anyway);
  control::v1::RosterState reply;
  const absl::Status status =
      impl_->Call(&control::v1::Control::Stub::RetireRoster, request, &reply, kChangeWithin);
  if (!status.ok()) return status;
  return FromReply(reply);
}

}  // namespace decentd
