// One node's client API, and several nodes asked in turn.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "decentd/client/v1/client.grpc.pb.h"
#include "node/core/ids.h"
#include "node/core/message.h"

namespace decentd {

struct NodeTarget {
  std::string address;  // host:port
  bool tls = false;

  // "host:port": plain on this machine's loopback, TLS elsewhere. "tls://host:port" and
  // "insecure://host:port" say which. INVALID_ARGUMENT says what was expected.
  static absl::StatusOr<NodeTarget> Parse(const std::string& text);
};

// Thread-safe. Calls block until they are done or their time is over.
class CouncilClient {
 public:
  // `tls_roots`: PEM of the authorities that vouch for nodes; empty = the system's.
  CouncilClient(const NodeTarget& target, const std::string& tls_roots);

  const std::string& address() const { return address_; }

  absl::StatusOr<RoundId> Submit(const Envelope& query);
  absl::StatusOr<client::v1::Round> GetRound(const RoundId& round);
  absl::StatusOr<client::v1::ListRoundsResponse> ListRounds(
      const client::v1::ListRoundsRequest& request);
  // The bytes as the node sends them: trust nothing before VerifyBundle.
  absl::StatusOr<std::string> GetBundle(const RoundId& round);
  absl::StatusOr<client::v1::NodeStatus> GetStatus();
  absl::StatusOr<client::v1::ListPeersResponse> ListPeers();
  absl::StatusOr<client::v1::ListEvidenceResponse> ListEvidence(
      const client::v1::ListEvidenceRequest& request);
  // Calls on_event for each event until the stream ends (OK: the round is certified) or `deadline`.
  absl::Status Watch(const RoundId& round, uint64_t after_seq, absl::Time deadline,
                     const std::function<void(const client::v1::RoundEvent&)>& on_event);
  // What was sent may have arrived.
  bool IsConnected() const;
  // Blocks until then, and lets a connection that is down come up again meanwhile.
  void Wait(absl::Time until);

 private:
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<client::v1::Council::Stub> stub_;
};

// The client's own deadline passed: what was asked for may be done all the same.
bool IsTooSlow(const absl::Status& status);
// True where another node may do better: this one did not answer, or not in time.
bool IsUnreachable(const absl::Status& status);

using CouncilClients = std::vector<std::unique_ptr<CouncilClient>>;

// Asks the nodes in turn and returns the first reply; where none is reachable UNAVAILABLE with
// each node's reason. Any other refusal is returned at once, with the node's address.
template <class Reply>
absl::StatusOr<Reply> AskInTurn(const CouncilClients& clients,
                                const std::function<absl::StatusOr<Reply>(CouncilClient&)>& call);

// "a: reason; b: reason".
std::string JoinReasons(const std::vector<std::pair<std::string, absl::Status>>& reasons);

template <class Reply>
absl::StatusOr<Reply> AskInTurn(const CouncilClients& clients,
                                const std::function<absl::StatusOr<Reply>(CouncilClient&)>& call) {
  std::vector<std::pair<std::string, absl::Status>> reasons;
  for (const auto& client : clients) {
    absl::StatusOr<Reply> reply = call(*client);
    if (reply.ok()) return reply;
    reasons.emplace_back(client->address(), reply.status());
    if (!IsUnreachable(reply.status())) {
      return absl::Status(reply.status().code(), JoinReasons({reasons.back()}));
    }
  }
  return absl::UnavailableError(JoinReasons(reasons));
}

}  // namespace decentd
