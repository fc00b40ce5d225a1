#include "node/api/client_convert.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace decentd {
namespace {

// A string field of protobuf must be UTF-8, and a detail may quote a backend's or a peer's bytes.
std::string Utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t length = byte < 0x80                    ? 1
                          : byte >= 0xC2 && byte <= 0xDF ? 2
                          : byte >= 0xE0 && byte <= 0xEF ? 3
                          : byte >= 0xF0 && byte <= 0xF4 ? 4
                                                         : 0;
    bool good = length != 0 && i + length <= text.size();
    for (size_t j = 1; good && j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      good = (next & 0xC0) == 0x80;
      if (j == 1) {  // over-long forms, surrogates, beyond U+10FFFF
        good = good && !(byte == 0xE0 && next < 0xA0) && !(byte == 0xED && next > 0x9F) &&
               !(byte == 0xF0 && next < 0x90) && !(byte == 0xF4 && next > 0x8F);
      }
    }
    if (good) {
      out.append(text.substr(i, length));
      i += length;
    } else {
      out += "\xEF\xBF\xBD";  // U+FFFD
      ++i;
    }
  }
  return out;
}

}  // namespace

client::v1::RoundEvent ToProto(const RoundEvent& event) {
  client::v1::RoundEvent out;
  out.set_seq(event.seq);
  out.set_unix_ms(event.unix_ms);
  out.set_type(static_cast<client::v1::RoundEvent::Type>(event.type));
  out.set_phase(static_cast<types::v1::Phase>(event.phase));
  if (event.node) out.set_node(event.node->value);
  out.set_abstained(event.abstained);
  out.set_detail(Utf8(event.detail));
  out.set_closed(static_cast<types::v1::Closed>(event.closed));
  return out;
}

client::v1::Round ToProto(const RoundSummary& summary) {
  client::v1::Round out;
  out.set_round_id(std::string(summary.id.digest.View()));
  out.set_state(static_cast<client::v1::Round::State>(summary.state));
  out.set_started_unix_ms(summary.started_unix_ms);
  out.set_finished_unix_ms(summary.finished_unix_ms);
  out.set_question(Utf8(summary.question));
  out.set_outcome(Utf8(summary.outcome));
  if (summary.winner) out.set_winner(summary.winner->value);
  out.set_answers(static_cast<uint32_t>(summary.answers));
  out.set_sheets(static_cast<uint32_t>(summary.sheets));
  out.set_waiting_for(Utf8(summary.waiting_for));
  out.set_bundle_bytes(summary.bundle_bytes);
  out.set_cluster_id(std::string(summary.cluster_id.View()));
  out.set_epoch(summary.epoch);
  return out;
}

client::v1::RosterStatus ToProto(const RosterStatus& roster) {
  client::v1::RosterStatus out;
  out.set_cluster_id(std::string(roster.cluster_id.View()));
  out.set_epoch(roster.epoch);
  out.set_state(roster.state);
  out.set_since_unix_ms(roster.since_unix_ms);
  out.set_n(static_cast<uint32_t>(roster.n));
  out.set_quorum(static_cast<uint32_t>(roster.quorum));
  for (const std::string& name : roster.reached) out.add_reached(name);
  for (const std::string& name : roster.missing) out.add_missing(name);
  out.set_rounds_open(roster.rounds_open);
  return out;
}

client::v1::NodeStatus ToProto(const NodeStatus& status) {
  client::v1::NodeStatus out;
  out.set_name(Utf8(status.name));
  out.set_index(status.index.value);
  out.set_version(Utf8(status.version));
  out.set_cluster_id(std::string(status.cluster_id.View()));
  out.set_n(static_cast<uint32_t>(status.n));
  out.set_f(static_cast<uint32_t>(status.f));
  out.set_quorum(static_cast<uint32_t>(status.quorum));
  out.set_reachable(static_cast<uint32_t>(status.reachable));
  out.set_voting(status.voting);
  out.set_not_voting_because(Utf8(status.not_voting_because));
  out.set_rounds_open(status.rounds_open);
  out.set_rounds_stored(status.rounds_stored);
  out.set_store_bytes(status.store_bytes);
  out.set_signatures_verified(status.signatures_verified);
  out.set_synced_writes(status.synced_writes);
  out.set_bytes_written(status.bytes_written);
  out.set_evidence(status.evidence);
  out.set_started_unix_ms(status.started_unix_ms);
  out.set_epoch(status.epoch);
  for (const RosterStatus& roster : status.rosters) *out.add_rosters() = ToProto(roster);
  return out;
}

client::v1::Peer ToProto(const PeerInfo& peer) {
  client::v1::Peer out;
  out.set_index(peer.index.value);
  out.set_name(Utf8(peer.name));
  out.set_linked(peer.linked);
  out.set_state(Utf8(peer.state));
  out.set_detail(Utf8(peer.detail));
  out.set_address(Utf8(peer.address));
  out.set_version(Utf8(peer.version));
  if (peer.round_trip_ms) out.set_round_trip_ms(*peer.round_trip_ms);
  out.set_bytes_sent(peer.bytes_sent);
  out.set_bytes_received(peer.bytes_received);
  out.set_frames_sent(peer.frames_sent);
  out.set_frames_received(peer.frames_received);
  out.set_frames_dropped(peer.frames_dropped);
  for (const auto& [kind, count] : peer.faults) (*out.mutable_faults())[Utf8(kind)] = count;
  out.set_last_seen_unix_ms(peer.last_seen_unix_ms);
  out.set_epoch(peer.epoch);
  return out;
}

client::v1::Evidence ToProto(const StoredEvidence& evidence, bool with_data) {
  client::v1::Evidence out;
  out.set_id(Utf8(evidence.id));
  out.set_author(evidence.author.value);
  out.set_kind(Utf8(evidence.kind));
  out.set_round_id(std::string(evidence.round.digest.View()));
  out.set_unix_ms(evidence.unix_ms);
  if (with_data) out.set_data(evidence.bytes);
  out.set_data_bytes(evidence.bytes.size());
  return out;
}

absl::StatusOr<RoundId> RoundIdFromBytes(std::string_view bytes) {
  const std::optional<Digest> digest = Digest::FromBytes(bytes);
  if (!digest) {
    return absl::InvalidArgumentError(
        absl::StrCat("round_id has ", bytes.size(), " bytes: expected the 32 of a SHA-256"));
  }
  return RoundId{*digest};
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), Utf8(std::string(status.message()))};
}

}  // namespace decentd
