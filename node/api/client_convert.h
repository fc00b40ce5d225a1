// The council's values as messages of the client API.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "decentd/client/v1/client.pb.h"
#include "grpcpp/support/status.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"

namespace decentd {

client::v1::RoundEvent ToProto(const RoundEvent& event);
client::v1::Round ToProto(const RoundSummary& summary);
client::v1::RosterStatus ToProto(const RosterStatus& roster);
client::v1::NodeStatus ToProto(const NodeStatus& status);
client::v1::Peer ToProto(const PeerInfo& peer);
client::v1::Evidence ToProto(const StoredEvidence& evidence, bool with_data);

// INVALID_ARGUMENT unless exactly 32 bytes.
absl::StatusOr<RoundId> RoundIdFromBytes(std::string_view bytes);

// The same code and message: the codes of absl are those of gRPC.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace decentd
