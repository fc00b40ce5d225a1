#include "tools/decentctl/council_client.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/grpcpp.h"
#include "node/api/listen_address.h"
#include "node/codec/peer_codec.h"
#include "node/core/limits.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

// One reply of a node that is up takes milliseconds; one that is not up should not cost more.
constexpr absl::Duration kCallTime = absl::Seconds(5);
constexpr absl::Duration kBundleTime = absl::Seconds(60);

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()),
          PrintableLine(status.error_message())};
}

std::string Bytes(const RoundId& round) { return std::string(round.digest.View()); }

template <class Reply, class Request>
absl::StatusOr<Reply> Call(client::v1::Council::Stub& stub,
                           grpc::Status (client::v1::Council::Stub::*method)(grpc::ClientContext*,
                                                                             const Request&,
                                                                             Reply*),
                           const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTime));
  Reply reply;
  if (absl::Status status = FromGrpc((stub.*method)(&context, request, &reply)); !status.ok()) {
    return status;
  }
  return reply;
}

}  // namespace

absl::StatusOr<NodeTarget> NodeTarget::Parse(const std::string& text) {
  constexpr std::string_view kTls = "tls://", kInsecure = "insecure://";
  std::string_view rest = text;
  const bool tls = rest.starts_with(kTls), insecure = rest.starts_with(kInsecure);
  if (tls) rest.remove_prefix(kTls.size());
  if (insecure) rest.remove_prefix(kInsecure.size());
  const absl::StatusOr<ListenAddress> address = ListenAddress::Parse(rest);
  if (!address.ok() || address->port == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", PrintableLine(text), "\" is no node: expected host:port, tls://host:port or ",
        "insecure://host:port, as 127.0.0.1:7100"));
  }
  return NodeTarget{address->ToString(), tls || (!insecure && !address->IsLoopback())};
}

CouncilClient::CouncilClient(const NodeTarget& target, const std::string& tls_roots)
    : address_(target.address) {
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = tls_roots;
  grpc::ChannelArguments arguments;
  // A watched node that vanished without a word is noticed in half a minute.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  channel_ = grpc::CreateCustomChannel(
      target.address, target.tls ? grpc::SslCredentials(ssl) : grpc::InsecureChannelCredentials(),
      arguments);
  stub_ = client::v1::Council::NewStub(channel_);
}

absl::StatusOr<RoundId> CouncilClient::Submit(const Envelope& query) {
  client::v1::SubmitRequest request;
  ToProto(query, request.mutable_query());
  const auto reply = Call(*stub_, &client::v1::Council::Stub::Submit, request);
  if (!reply.ok()) return reply.status();
  const RoundId expected{Sha256(query.body)};
  if (reply->round_id() != expected.digest.View()) {
    return absl::InternalError("the node names another round than the query's digest");
  }
  return expected;
}

absl::StatusOr<client::v1::Round> CouncilClient::GetRound(const RoundId& round) {
  client::v1::GetRoundRequest request;
  request.set_round_id(Bytes(round));
  return Call(*stub_, &client::v1::Council::Stub::GetRound, request);
}

absl::StatusOr<client::v1::ListRoundsResponse> CouncilClient::ListRounds(
    const client::v1::ListRoundsRequest& request) {
  return Call(*stub_, &client::v1::Council::Stub::ListRounds, request);
}

absl::StatusOr<client::v1::NodeStatus> CouncilClient::GetStatus() {
  return Call(*stub_, &client::v1::Council::Stub::GetStatus, client::v1::GetStatusRequest());
}

absl::StatusOr<client::v1::ListPeersResponse> CouncilClient::ListPeers() {
  return Call(*stub_, &client::v1::Council::Stub::ListPeers, client::v1::ListPeersRequest());
}

absl::StatusOr<client::v1::ListEvidenceResponse> CouncilClient::ListEvidence(
    const client::v1::ListEvidenceRequest& request) {
  return Call(*stub_, &client::v1::Council::Stub::ListEvidence, request);
}

absl::StatusOr<std::string> CouncilClient::GetBundle(const RoundId& round) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kBundleTime));
  client::v1::GetBundleRequest request;
  request.set_round_id(Bytes(round));
  const auto reader = stub_->GetBundle(&context, request);
  std::string bundle;
  client::v1::BundleChunk chunk;
  while (reader->Read(&chunk)) {
    if (bundle.size() + chunk.data().size() > limits::kMaxBundleBytes) {
      context.TryCancel();
      reader->Finish();
      return absl::InvalidArgumentError(absl::StrCat("the node sends more than the ",
                                                     limits::kMaxBundleBytes,
                                                     " bytes that a bundle may have"));
    }
    bundle += chunk.data();
  }
  if (absl::Status status = FromGrpc(reader->Finish()); !status.ok()) return status;
  return bundle;
}

absl::Status CouncilClient::Watch(
    const RoundId& round, uint64_t after_seq, absl::Time deadline,
    const std::function<void(const client::v1::RoundEvent&)>& on_event) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  client::v1::WatchRequest request;
  request.set_round_id(Bytes(round));
  request.set_after_seq(after_seq);
  const auto reader = stub_->Watch(&context, request);
  client::v1::RoundEvent event;
  while (reader->Read(&event)) on_event(event);
  return FromGrpc(reader->Finish());
}

bool CouncilClient::IsConnected() const {
  return channel_->GetState(false) == GRPC_CHANNEL_READY;
}

// gRPC works on a channel's connection while somebody waits at the channel, else every 5 s; a call
// that fails at once is no wait.
void CouncilClient::Wait(absl::Time until) {
  channel_->WaitForConnected(absl::ToChronoTime(until));
  std::this_thread::sleep_until(absl::ToChronoTime(until));
}

bool IsTooSlow(const absl::Status& status) {
  // A node's refusal of an expired query has its own words.
  return status.code() == absl::StatusCode::kDeadlineExceeded &&
         status.message() == "Deadline Exceeded";
}

bool IsUnreachable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kUnimplemented || IsTooSlow(status);
}

std::string JoinReasons(const std::vector<std::pair<std::string, absl::Status>>& reasons) {
  std::string text;
  for (const auto& [address, status] : reasons) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", address, ": ", std::string(status.message()));
  }
  return text;
}

}  // namespace decentd
