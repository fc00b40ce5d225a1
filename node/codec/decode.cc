#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <array>
#include <utility>

#include "node/codec/peer_codec.h"
#include "node/codec/quiet_protobuf.h"
#include "node/core/verdict.h"

namespace decentd {
namespace {

// Two implementations that disagree on a field's meaning must not agree on the rest of the body.
bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = type.field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int j = 0; j < reflection.FieldSize(message, field); ++j) {
        if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, j))) return true;
      }
    } else if (reflection.HasField(message, field) &&
               HasUnknownFields(reflection.GetMessage(message, field))) {
      return true;
    }
  }
  return false;
}

// Strings that are no UTF-8 fail to parse, as proto3 asks.
template <class Message>
bool Parse(std::string_view body, Message* message) {
  if (body.size() > limits::kMaxFrameBytes) return false;
  const QuietProtobuf quiet;
  return message->ParseFromArray(body.data(), static_cast<int>(body.size())) &&
         !HasUnknownFields(*message);
}

bool ReadRound(const std::string& bytes, RoundId* out) {
  const std::optional<Digest> digest = Digest::FromBytes(bytes);
  if (!digest) return false;
  out->digest = *digest;
  return true;
}

bool ReadPhase(int value, Phase* out) {
  if (value != types::v1::PHASE_ANSWER && value != types::v1::PHASE_SHEET) return false;
  *out = static_cast<Phase>(value);
  return true;
}

// Only nodes of the phase's panel have slots.
bool ReadAuthor(const Roster& roster, Phase phase, uint32_t value, NodeIndex* out) {
  if (value >= static_cast<uint32_t>(roster.n())) return false;
  *out = NodeIndex{static_cast<uint16_t>(value)};
  return roster.panel(phase).Has(*out);
}

bool ReadClosed(int value, Closed* out) {
  if (value < types::v1::CLOSED_NONE || value > types::v1::CLOSED_HARD) return false;
  *out = static_cast<Closed>(value);
  return true;
}

Usage ReadUsage(const types::v1::Usage& proto) {
  Usage usage;
  if (proto.has_prompt_tokens()) usage.prompt_tokens = proto.prompt_tokens();
  if (proto.has_completion_tokens()) usage.completion_tokens = proto.completion_tokens();
  if (proto.has_cost_micro_usd()) usage.cost_micro_usd = proto.cost_micro_usd();
  if (proto.has_elapsed_ms()) usage.elapsed_ms = proto.elapsed_ms();
  return usage;
}

std::optional<Answer> ReadAnswer(types::v1::Answer* proto) {
  if (proto->text().empty()) return std::nullopt;  // an author without text abstains
  if (proto->model().size() > limits::kMaxModelNameBytes) return std::nullopt;
  if (proto->finish_reason().size() > limits::kMaxModelNameBytes) return std::nullopt;
  return Answer{std::move(*proto->mutable_text()), std::move(*proto->mutable_model()),
                std::move(*proto->mutable_finish_reason()), ReadUsage(proto->usage())};
}

std::optional<Sheet> ReadSheet(const Roster& roster, const types::v1::Sheet& proto) {
  const std::optional<Digest> answers = Digest::FromBytes(proto.answers());
  if (!answers || proto.entries().empty()) return std::nullopt;
  if (proto.scorer().size() > limits::kMaxModelNameBytes) return std::nullopt;
  Sheet sheet{*answers, {}, proto.scorer(), ReadUsage(proto.usage())};
  const size_t criteria = roster.parameters().criteria.size();
  for (const types::v1::SheetEntry& e : proto.entries()) {
    SheetEntry entry;
    if (!ReadAuthor(roster, Phase::kAnswer, e.author(), &entry.author)) return std::nullopt;
    if (!sheet.entries.empty() && sheet.entries.back().author >= entry.author) return std::nullopt;
    if (static_cast<size_t>(e.scores_size()) != criteria) return std::nullopt;
    for (uint32_t score : e.scores()) {
      if (score > limits::kMaxScore) return std::nullopt;
    }
    entry.scores.assign(e.scores().begin(), e.scores().end());
    sheet.entries.push_back(std::move(entry));
  }
  return sheet;
}

std::optional<Abstain> ReadAbstain(const types::v1::Abstain& proto) {
  const int reason = proto.reason();
  if (reason < types::v1::ABSTAIN_REASON_MODEL_FAILED ||
      reason > types::v1::ABSTAIN_REASON_SHUTTING_DOWN) {
    return std::nullopt;
  }
  if (proto.detail().size() > limits::kMaxAbstainDetailBytes) return std::nullopt;
  return Abstain{static_cast<AbstainReason>(reason), proto.detail()};
}

bool IsBit(uint32_t value) { return value <= 1; }
bool IsBinaryRound(uint32_t round) { return round >= 1 && round <= limits::kMaxBinaryRound; }

// A field that the type does not use must be absent.
std::optional<Vote> ReadVote(const Roster& roster, const types::v1::Vote& proto) {
  Slot slot;
  if (!ReadPhase(proto.phase(), &slot.phase)) return std::nullopt;
  const uint32_t round = proto.binary_round();
  const uint32_t value = proto.value();
  if (proto.type() == types::v1::Vote::TYPE_ENTER) {
    if (proto.slot() != 0 || round != 0 || value != 0 || !proto.digest().empty()) {
      return std::nullopt;
    }
    return vote::Enter{slot.phase};
  }
  if (!ReadAuthor(roster, slot.phase, proto.slot(), &slot.author)) return std::nullopt;
  if (proto.type() == types::v1::Vote::TYPE_ECHO) {
    const std::optional<Digest> digest = Digest::FromBytes(proto.digest());
    if (!digest || round != 0 || value != 0) return std::nullopt;
    return vote::Echo{slot, *digest};
  }
  if (!proto.digest().empty()) return std::nullopt;
  switch (proto.type()) {
    case types::v1::Vote::TYPE_EST:
      if (!IsBinaryRound(round) || !IsBit(value)) return std::nullopt;
      return vote::Est{slot, round, value == 1};
    case types::v1::Vote::TYPE_AUX:
      if (!IsBinaryRound(round) || value < 1 || value > 3) return std::nullopt;
      return vote::Aux{slot, round, static_cast<ValueMask>(value)};
    case types::v1::Vote::TYPE_HINT:
      if (!IsBinaryRound(round) || !IsBit(value)) return std::nullopt;
      return vote::Hint{slot, round, value == 1};
    case types::v1::Vote::TYPE_DECIDED:
      if (round != 0 || !IsBit(value)) return std::nullopt;
      return vote::Decided{slot, value == 1};
    default:
      return std::nullopt;
  }
}

// NaN compares false with everything, so it is outside.
bool IsWithin(double value, double low, double high) { return value >= low && value <= high; }

std::optional<Sampling> ReadSampling(types::v1::Sampling* proto) {
  Sampling sampling;
  if (proto->has_max_tokens()) {
    if (proto->max_tokens() == 0) return std::nullopt;
    sampling.max_tokens = proto->max_tokens();
  }
  if (proto->has_temperature()) {
    if (!IsWithin(proto->temperature(), 0, 2)) return std::nullopt;
    sampling.temperature = proto->temperature();
  }
  if (proto->has_top_p()) {
    if (!IsWithin(proto->top_p(), 0, 1) || proto->top_p() == 0) return std::nullopt;
    sampling.top_p = proto->top_p();
  }
  if (proto->has_seed()) sampling.seed = proto->seed();
  if (static_cast<size_t>(proto->stop_size()) > limits::kMaxStopStrings) return std::nullopt;
  for (std::string& stop : *proto->mutable_stop()) {
    if (stop.empty()) return std::nullopt;
    sampling.stop.push_back(std::move(stop));
  }
  sampling.response_format = std::move(*proto->mutable_response_format());
  return sampling;
}

bool AreDeadlines(uint32_t soft, uint32_t hard) {
  if (soft > limits::kMaxDeadlineMs || hard > limits::kMaxDeadlineMs) return false;
  return soft == 0 || hard == 0 || hard > soft;
}

bool IsRole(const std::string& role) {
  return role == "system" || role == "user" || role == "assistant";
}

}  // namespace

std::optional<Query> DecodeQuery(std::string_view body) {
  types::v1::Query proto;
  if (!Parse(body, &proto)) return std::nullopt;
  Query query;
  const std::optional<PublicKey> key = PublicKey::FromBytes(proto.client_key());
  if (!key) return std::nullopt;
  query.client_key = *key;
  const int count = proto.messages_size();
  if (count < 1 || static_cast<size_t>(count) > limits::kMaxQueryMessages) return std::nullopt;
  for (types::v1::ChatMessage& message : *proto.mutable_messages()) {
    if (!IsRole(message.role())) return std::nullopt;
    query.messages.push_back(
        {std::move(*message.mutable_role()), std::move(*message.mutable_content())});
  }
  if (query.messages.back().role != "user" || query.messages.back().content.empty()) {
    return std::nullopt;
  }
  std::optional<Sampling> sampling = ReadSampling(proto.mutable_sampling());
  if (!sampling) return std::nullopt;
  query.sampling = std::move(*sampling);
  if (!AreDeadlines(proto.answer_soft_ms(), proto.answer_hard_ms()) ||
      !AreDeadlines(proto.sheet_soft_ms(), proto.sheet_hard_ms())) {
    return std::nullopt;
  }
  query.answer_soft_ms = proto.answer_soft_ms();
  query.answer_hard_ms = proto.answer_hard_ms();
  query.sheet_soft_ms = proto.sheet_soft_ms();
  query.sheet_hard_ms = proto.sheet_hard_ms();
  if (proto.committee() > limits::kMaxNodes) return std::nullopt;
  query.committee = proto.committee();
  if (proto.nonce().size() != limits::kNonceBytes) return std::nullopt;
  query.nonce = proto.nonce();
  if (proto.expiry_unix_ms() <= 0) return std::nullopt;
  query.expiry_unix_ms = proto.expiry_unix_ms();
  return query;
}

std::optional<Sponsor> DecodeSponsor(std::string_view body) {
  types::v1::Sponsor proto;
  Sponsor sponsor;
  if (!Parse(body, &proto) || !ReadRound(proto.round_id(), &sponsor.round)) return std::nullopt;
  return sponsor;
}

std::optional<Propose> DecodePropose(const Roster& roster, std::string_view body) {
  types::v1::Propose proto;
  Propose propose;
  if (!Parse(body, &proto) || !ReadRound(proto.round_id(), &propose.round) ||
      !ReadPhase(proto.phase(), &propose.phase)) {
    return std::nullopt;
  }
  const auto fill = [&propose](auto payload) {
    if (payload) propose.payload = std::move(*payload);
    return payload.has_value();
  };
  bool valid = false;
  if (proto.has_answer()) {
    valid = propose.phase == Phase::kAnswer && fill(ReadAnswer(proto.mutable_answer()));
  } else if (proto.has_sheet()) {
    valid = propose.phase == Phase::kSheet && fill(ReadSheet(roster, proto.sheet()));
  } else if (proto.has_abstain()) {
    valid = fill(ReadAbstain(proto.abstain()));
  }
  if (!valid) return std::nullopt;
  return propose;
}

std::optional<Votes> DecodeVotes(const Roster& roster, std::string_view body) {
  types::v1::Votes proto;
  Votes votes;
  if (!Parse(body, &proto) || !ReadRound(proto.round_id(), &votes.round)) return std::nullopt;
  if (proto.seq() >= limits::MaxVotesBodies(roster.n()) || proto.votes().empty()) {
    return std::nullopt;
  }
  votes.seq = proto.seq();
  votes.votes.reserve(proto.votes_size());
  std::array<NodeSet, 2> echoed;  // by phase
  for (const types::v1::Vote& v : proto.votes()) {
    std::optional<Vote> vote = ReadVote(roster, v);
    if (!vote) return std::nullopt;
    // One body cannot be evidence against itself, so it is refused instead.
    if (const auto* echo = std::get_if<vote::Echo>(&*vote)) {
      if (!echoed[static_cast<size_t>(echo->slot.phase)].Add(echo->slot.author)) {
        return std::nullopt;
      }
    }
    votes.votes.push_back(std::move(*vote));
  }
  return votes;
}

std::optional<Decision> DecodeDecision(std::string_view body) {
  types::v1::Decision proto;
  Decision decision;
  if (!Parse(body, &proto) || !ReadRound(proto.round_id(), &decision.round) ||
      !ReadClosed(proto.closed_answers(), &decision.closed_answers) ||
      !ReadClosed(proto.closed_sheets(), &decision.closed_sheets) ||
      !Verdict::Decode(proto.verdict())) {
    return std::nullopt;
  }
  decision.verdict = std::move(*proto.mutable_verdict());
  return decision;
}

std::optional<Heartbeat> DecodeHeartbeat(std::string_view body) {
  types::v1::Heartbeat proto;
  if (!Parse(body, &proto)) return std::nullopt;
  return Heartbeat{proto.boot(), proto.counter()};
}

}  // namespace decentd
