#include <algorithm>
#include <utility>

#include "node/codec/peer_codec.h"
#include "node/codec/quiet_protobuf.h"

namespace decentd {
namespace {

using types::v1::Vote;

template <class Message>
std::string Serialize(const Message& message) {
  const QuietProtobuf quiet;
  std::string bytes;
  message.SerializeToString(&bytes);
  return bytes;
}

void SetDigest(const Digest& digest, std::string* out) { out->assign(digest.View()); }

bool IsKnown(const Usage& usage) {
  return usage.prompt_tokens || usage.completion_tokens || usage.cost_micro_usd || usage.elapsed_ms;
}

template <class Message>
void SetUsage(const Usage& usage, Message* out) {
  if (!IsKnown(usage)) return;
  types::v1::Usage* proto = out->mutable_usage();
  if (usage.prompt_tokens) proto->set_prompt_tokens(*usage.prompt_tokens);
  if (usage.completion_tokens) proto->set_completion_tokens(*usage.completion_tokens);
  if (usage.cost_micro_usd) proto->set_cost_micro_usd(*usage.cost_micro_usd);
  if (usage.elapsed_ms) proto->set_elapsed_ms(*usage.elapsed_ms);
}

types::v1::Phase ToProto(Phase phase) { return static_cast<types::v1::Phase>(phase); }

// Writes one payload or vote; an overload for each alternative.
struct PayloadWriter {
  types::v1::Propose* out;
  void operator()(const Answer& answer) const {
    types::v1::Answer* proto = out->mutable_answer();
    proto->set_text(answer.text);
    proto->set_model(answer.model);
    proto->set_finish_reason(answer.finish_reason);
    SetUsage(answer.usage, proto);
  }
  void operator()(const Sheet& sheet) const {
    types::v1::Sheet* proto = out->mutable_sheet();
    SetDigest(sheet.answers, proto->mutable_answers());
    for (const SheetEntry& entry : sheet.entries) {
      types::v1::SheetEntry* e = proto->add_entries();
      e->set_author(entry.author.value);
      for (uint32_t score : entry.scores) e->add_scores(score);
    }
    proto->set_scorer(sheet.scorer);
    SetUsage(sheet.usage, proto);
  }
  void operator()(const Abstain& abstain) const {
    out->mutable_abstain()->set_reason(static_cast<types::v1::AbstainReason>(abstain.reason));
    out->mutable_abstain()->set_detail(abstain.detail);
  }
};

struct VoteWriter {
  Vote* out;
  void Set(Vote::Type type, const Slot& slot, uint32_t round, uint32_t value) const {
    out->set_type(type);
    out->set_phase(ToProto(slot.phase));
    out->set_slot(slot.author.value);
    out->set_binary_round(round);
    out->set_value(value);
  }
  void operator()(const vote::Enter& v) const { Set(Vote::TYPE_ENTER, {v.phase, {}}, 0, 0); }
  void operator()(const vote::Echo& v) const {
    Set(Vote::TYPE_ECHO, v.slot, 0, 0);
    SetDigest(v.digest, out->mutable_digest());
  }
  void operator()(const vote::Est& v) const { Set(Vote::TYPE_EST, v.slot, v.round, v.value); }
  void operator()(const vote::Aux& v) const { Set(Vote::TYPE_AUX, v.slot, v.round, v.values); }
  void operator()(const vote::Hint& v) const { Set(Vote::TYPE_HINT, v.slot, v.round, v.value); }
  void operator()(const vote::Decided& v) const { Set(Vote::TYPE_DECIDED, v.slot, 0, v.value); }
};

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kQuery:
      return "query";
    case Kind::kSponsor:
      return "sponsor";
    case Kind::kPropose:
      return "propose";
    case Kind::kVotes:
      return "votes";
    case Kind::kDecision:
      return "decision";
    case Kind::kHeartbeat:
      return "heartbeat";
  }
  return "unknown";
}

size_t MaxBodyBytes(Kind kind) {
  switch (kind) {
    case Kind::kQuery:
      return limits::kMaxQueryBytes;
    case Kind::kPropose:
      return limits::kMaxPayloadBytes;
    case Kind::kVotes:
      return limits::kMaxVotesBytes;
    case Kind::kDecision:
      return limits::kMaxDecisionBytes;
    case Kind::kSponsor:
    case Kind::kHeartbeat:
      return limits::kMaxSmallBodyBytes;
  }
  return 0;
}

std::string EncodeBody(const Query& value) {
  types::v1::Query proto;
  proto.mutable_client_key()->assign(value.client_key.View());
  for (const ChatMessage& message : value.messages) {
    types::v1::ChatMessage* m = proto.add_messages();
    m->set_role(message.role);
    m->set_content(message.content);
  }
  types::v1::Sampling* sampling = proto.mutable_sampling();
  const Sampling& s = value.sampling;
  if (s.max_tokens) sampling->set_max_tokens(*s.max_tokens);
  if (s.temperature) sampling->set_temperature(*s.temperature);
  if (s.top_p) sampling->set_top_p(*s.top_p);
  if (s.seed) sampling->set_seed(*s.seed);
  for (const std::string& stop : s.stop) sampling->add_stop(stop);
  sampling->set_response_format(s.response_format);
  proto.set_answer_soft_ms(value.answer_soft_ms);
  proto.set_answer_hard_ms(value.answer_hard_ms);
  proto.set_sheet_soft_ms(value.sheet_soft_ms);
  proto.set_sheet_hard_ms(value.sheet_hard_ms);
  proto.set_committee(value.committee);
  proto.set_nonce(value.nonce);
  proto.set_expiry_unix_ms(value.expiry_unix_ms);
  return Serialize(proto);
}

std::string EncodeBody(const Sponsor& value) {
  types::v1::Sponsor proto;
  SetDigest(value.round.digest, proto.mutable_round_id());
  return Serialize(proto);
}

std::string EncodeBody(const Propose& value) {
  types::v1::Propose proto;
  SetDigest(value.round.digest, proto.mutable_round_id());
  proto.set_phase(ToProto(value.phase));
  std::visit(PayloadWriter{&proto}, value.payload);
  return Serialize(proto);
}

std::string EncodeBody(const Votes& value) {
  types::v1::Votes proto;
  SetDigest(value.round.digest, proto.mutable_round_id());
  proto.set_seq(value.seq);
  for (const decentd::Vote& vote : value.votes) std::visit(VoteWriter{proto.add_votes()}, vote);
  return Serialize(proto);
}

std::string EncodeBody(const Decision& value) {
  types::v1::Decision proto;
  SetDigest(value.round.digest, proto.mutable_round_id());
  proto.set_verdict(value.verdict);
  proto.set_closed_answers(static_cast<types::v1::Closed>(value.closed_answers));
  proto.set_closed_sheets(static_cast<types::v1::Closed>(value.closed_sheets));
  return Serialize(proto);
}

std::string EncodeBody(const Heartbeat& value) {
  types::v1::Heartbeat proto;
  proto.set_boot(value.boot);
  proto.set_counter(value.counter);
  return Serialize(proto);
}

void ToProto(const Envelope& envelope, types::v1::Envelope* out) {
  out->set_kind(static_cast<types::v1::Kind>(envelope.kind));
  out->set_author(envelope.author);
  out->set_body(envelope.body);
  out->set_signature(envelope.signature);
}

std::optional<Envelope> FromProto(const types::v1::Envelope& envelope) {
  return FromProto(types::v1::Envelope(envelope));
}

std::optional<Envelope> FromProto(types::v1::Envelope&& envelope) {
  const int kind = envelope.kind();
  if (kind < types::v1::KIND_QUERY || kind > types::v1::KIND_HEARTBEAT) return std::nullopt;
  return Envelope{static_cast<Kind>(kind), envelope.author(), std::move(*envelope.mutable_body()),
                  std::move(*envelope.mutable_signature())};
}

Envelope SignQuery(const Signer& client, const Digest& cluster_id, const Query& query) {
  Envelope envelope{Kind::kQuery, kClientAuthor, EncodeBody(query), {}};
  envelope.signature = client.Sign(KindName(envelope.kind), cluster_id, envelope.body);
  return envelope;
}

}  // namespace decentd
