#include "node/runtime/journal.h"

#include <type_traits>

#include "node/codec/peer_codec.h"

namespace decentd::journal {
namespace {

types::v1::Phase ToProto(Phase phase) { return static_cast<types::v1::Phase>(phase); }
Phase FromProto(types::v1::Phase phase) { return static_cast<Phase>(phase); }

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError("the journal holds " + std::string(what));
}

// An Event from a message of a peer, or the query itself.
absl::StatusOr<Entry> FromEnvelope(const types::v1::Envelope& proto, const Verifier& verifier) {
  std::optional<Envelope> envelope = decentd::FromProto(proto);
  if (!envelope) return Damaged("an envelope of unknown kind");
  auto verified = verifier.Verify(*std::move(envelope));
  if (std::holds_alternative<FaultKind>(verified)) return Damaged("an envelope that is not valid");
  return std::visit(
      [](auto&& message) -> absl::StatusOr<Entry> {
        using T = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<T, Verified<Query>>) return Entry(message);
        if constexpr (std::is_same_v<T, Verified<Sponsor>>)
          return Entry(Event(event::SponsorReceived{message}));
        if constexpr (std::is_same_v<T, Verified<Propose>>)
          return Entry(Event(event::ProposeReceived{message}));
        if constexpr (std::is_same_v<T, Verified<Votes>>)
          return Entry(Event(event::VotesReceived{message}));
        if constexpr (std::is_same_v<T, Verified<Decision>>)
          return Entry(Event(event::DecisionReceived{message}));
        return Damaged("a heartbeat");
      },
      std::get<AnyVerified>(std::move(verified)));
}

absl::StatusOr<Entry> FromCertificate(const store::v1::Certificate& proto, const RoundId& round,
                                      const Verifier& verifier) {
  std::vector<Envelope> votes;
  for (const auto& one : proto.votes()) {
    std::optional<Envelope> envelope = decentd::FromProto(one);
    if (!envelope) return Damaged("an envelope of unknown kind");
    votes.push_back(*std::move(envelope));
  }
  const auto digest = Digest::FromBytes(proto.digest());
  if (!digest) return Damaged("a digest of the wrong length");
  const Slot slot{FromProto(proto.phase()), NodeIndex{static_cast<uint16_t>(proto.author())}};
  auto certificate = verifier.VerifyCertificate(round, slot, *digest, std::move(votes));
  if (std::holds_alternative<FaultKind>(certificate)) return Damaged("a bad certificate");
  return Entry(
      Event(event::CertificateReceived{std::get<VerifiedCertificate>(std::move(certificate))}));
}

}  // namespace

void Append(const Event& event, store::v1::JournalRecord* record) {
  store::v1::JournalEvent* out = record->add_events();
  std::visit(
      [&](const auto& e) {
        using T = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<T, event::SponsorReceived>) {
          decentd::ToProto(*e.sponsor.envelope(), out->mutable_envelope());
        } else if constexpr (std::is_same_v<T, event::ProposeReceived>) {
          decentd::ToProto(*e.propose.envelope(), out->mutable_envelope());
        } else if constexpr (std::is_same_v<T, event::VotesReceived>) {
          decentd::ToProto(*e.votes.envelope(), out->mutable_envelope());
        } else if constexpr (std::is_same_v<T, event::DecisionReceived>) {
          decentd::ToProto(*e.decision.envelope(), out->mutable_envelope());
        } else if constexpr (std::is_same_v<T, event::CertificateReceived>) {
          store::v1::Certificate* c = out->mutable_certificate();
          c->set_phase(ToProto(e.certificate.slot().phase));
          c->set_author(e.certificate.slot().author.value);
          c->set_digest(std::string(e.certificate.digest().View()));
          for (const auto& votes : e.certificate.votes()) {
            decentd::ToProto(*votes.envelope(), c->add_votes());
          }
        } else if constexpr (std::is_same_v<T, event::ModelFinished>) {
          out->mutable_model_result()->set_phase(ToProto(e.phase));
          out->mutable_model_result()->set_payload(EncodeBody(Propose{{}, e.phase, e.payload}));
        } else if constexpr (std::is_same_v<T, event::TimerFired>) {
          store::v1::TimerId* t = out->mutable_timer();
          t->set_type(static_cast<uint32_t>(e.timer.type));
          t->set_phase(ToProto(e.timer.slot.phase));
          t->set_slot(e.timer.slot.author.value);
          t->set_number(e.timer.number);
        } else {
          static_assert(std::is_same_v<T, event::UnlinkedChanged>);
          out->set_unlinked(EncodeNodes(e.unlinked));
        }
      },
      event);
}

void AppendOwn(const Envelope& envelope, store::v1::JournalRecord* record) {
  decentd::ToProto(envelope, record->add_events()->mutable_own());
}

void AppendQuery(const Verified<Query>& query, store::v1::JournalRecord* record) {
  decentd::ToProto(*query.envelope(), record->add_events()->mutable_envelope());
}

absl::StatusOr<std::vector<Entry>> Decode(const store::v1::JournalRecord& record,
                                          const RoundId& round, const Verifier& verifier) {
  using Proto = store::v1::JournalEvent;
  std::vector<Entry> entries;
  for (const Proto& proto : record.events()) {
    absl::StatusOr<Entry> entry = Damaged("an empty entry");
    switch (proto.event_case()) {
      case Proto::kEnvelope:
        entry = FromEnvelope(proto.envelope(), verifier);
        break;
      case Proto::kOwn: {
        std::optional<Envelope> envelope = decentd::FromProto(proto.own());
        if (!envelope) return Damaged("an envelope of unknown kind");
        auto verified = verifier.Verify(*std::move(envelope));
        if (std::holds_alternative<FaultKind>(verified)) {
          return Damaged("a statement of this node that is not valid");
        }
        entry = Own{std::get<AnyVerified>(std::move(verified))};
        break;
      }
      case Proto::kCertificate:
        entry = FromCertificate(proto.certificate(), round, verifier);
        break;
      case Proto::kModelResult: {
        auto propose = DecodePropose(verifier.roster(), proto.model_result().payload());
        if (!propose) return Damaged("a model's result that does not parse");
        entry = Event(event::ModelFinished{FromProto(proto.model_result().phase()),
                                           std::move(propose->payload)});
        break;
      }
      case Proto::kTimer: {
        const auto& t = proto.timer();
        entry = Event(event::TimerFired{
            {static_cast<TimerType>(t.type()),
             {FromProto(t.phase()), NodeIndex{static_cast<uint16_t>(t.slot())}},
             t.number()}});
        break;
      }
      case Proto::kUnlinked:
        entry = Event(event::UnlinkedChanged{DecodeNodes(proto.unlinked())});
        break;
      case Proto::EVENT_NOT_SET:
        break;
    }
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  return entries;
}

std::string EncodeNodes(const NodeSet& nodes) {
  std::string bytes;
  nodes.ForEach([&](NodeIndex node) {
    if (bytes.size() <= node.value / 8u) bytes.resize(node.value / 8 + 1);
    bytes[node.value / 8] = static_cast<char>(bytes[node.value / 8] | (1 << (node.value % 8)));
  });
  return bytes;
}

NodeSet DecodeNodes(std::string_view bytes) {
  NodeSet nodes;
  for (uint16_t i = 0; i < limits::kMaxNodes && i / 8u < bytes.size(); ++i) {
    if ((static_cast<uint8_t>(bytes[i / 8]) >> (i % 8)) & 1) nodes.Add(NodeIndex{i});
  }
  return nodes;
}

}  // namespace decentd::journal
