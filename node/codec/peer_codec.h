// Core values to the bytes that are signed, and back. Decoding is strict about ranges and bounds
// (limits.h) and never trusts a peer; encoding is done once, by the author, before signing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "decentd/types/v1/types.pb.h"
#include "node/core/message.h"
#include "node/core/roster.h"

namespace decentd {

std::string_view KindName(Kind kind);  // lower case, as in the signature's domain

// The longest body of a kind (limits.h); a longer one is FaultKind::kTooLarge.
size_t MaxBodyBytes(Kind kind);

// An author whose payload may be too large or no UTF-8 (a model's reply) checks its own bytes with
// DecodePropose before it signs, and abstains where nothing comes back.
std::string EncodeBody(const Query& value);
std::string EncodeBody(const Sponsor& value);
std::string EncodeBody(const Propose& value);
std::string EncodeBody(const Votes& value);
std::string EncodeBody(const Decision& value);
std::string EncodeBody(const Heartbeat& value);

constexpr Kind KindOf(const Query&) { return Kind::kQuery; }
constexpr Kind KindOf(const Sponsor&) { return Kind::kSponsor; }
constexpr Kind KindOf(const Propose&) { return Kind::kPropose; }
constexpr Kind KindOf(const Votes&) { return Kind::kVotes; }
constexpr Kind KindOf(const Decision&) { return Kind::kDecision; }
constexpr Kind KindOf(const Heartbeat&) { return Kind::kHeartbeat; }

// Values within their ranges for this roster (indices < n, scores <= kMaxScore, UTF-8 text, ...),
// or nothing. Unknown protobuf fields are refused: version 1 has none. Sizes of whole bodies are
// MaxBodyBytes's business: whoever takes bytes from a stranger compares before decoding.
std::optional<Query> DecodeQuery(std::string_view body);
std::optional<Sponsor> DecodeSponsor(std::string_view body);
std::optional<Propose> DecodePropose(const Roster& roster, std::string_view body);
std::optional<Votes> DecodeVotes(const Roster& roster, std::string_view body);
std::optional<Decision> DecodeDecision(std::string_view body);
std::optional<Heartbeat> DecodeHeartbeat(std::string_view body);

void ToProto(const Envelope& envelope, types::v1::Envelope* out);
std::optional<Envelope> FromProto(const types::v1::Envelope& envelope);  // known kind only
std::optional<Envelope> FromProto(types::v1::Envelope&& envelope);       // the same, without a copy

// Signs a statement of this node.
template <class T>
Envelope SignStatement(const Signer& signer, const Roster& roster, NodeIndex self, const T& value) {
  Envelope e{KindOf(value), self.value, EncodeBody(value), {}};
  e.signature = signer.Sign(KindName(e.kind), roster.cluster_id(), e.body);
  return e;
}
// Signs a client's query.
Envelope SignQuery(const Signer& client, const Digest& cluster_id, const Query& query);

}  // namespace decentd
