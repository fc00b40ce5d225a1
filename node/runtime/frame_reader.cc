#include "node/runtime/frame_reader.h"

#include <utility>

#include "node/codec/peer_codec.h"
#include "node/proof/bundle.h"
#include "node/proof/verify.h"

namespace decentd {

FrameReader::Result FrameReader::Read(NodeIndex peer, peer::v1::Frame frame) {
  using Kind = peer::v1::Frame;
  Result out;
  switch (frame.kind_case()) {
    case Kind::kEnvelopes:
      ReadEnvelopes(peer, frame.envelopes(), out);
      break;
    case Kind::kHave:
      out.bytes = frame.ByteSizeLong();
      out.inputs.push_back(input::Have{peer, std::move(*frame.mutable_have())});
      break;
    case Kind::kWant:
      out.bytes = frame.ByteSizeLong();
      out.inputs.push_back(input::Want{peer, std::move(*frame.mutable_want())});
      break;
    case Kind::kCertificate:
      ReadCertificate(peer, frame.certificate(), out);
      break;
    case Kind::kRecord:
      ReadRecord(peer, frame.record(), out);
      break;
    default:
      out.inputs.push_back(input::Fault{peer, FaultKind::kUndecodable});
  }
  return out;
}

void FrameReader::Forget(NodeIndex peer) {
  std::lock_guard lock(mutex_);
  assemblies_.erase(peer);
}

void FrameReader::ReadEnvelopes(NodeIndex peer, const peer::v1::Envelopes& envelopes,
                                Result& out) const {
  for (const types::v1::Envelope& proto : envelopes.envelopes()) {
    std::optional<Envelope> envelope = FromProto(proto);
    if (!envelope) {
      out.inputs.push_back(input::Fault{peer, FaultKind::kUndecodable});
      continue;
    }
    const size_t bytes = envelope->body.size();
    auto verified = verifier_.Verify(*std::move(envelope));
    if (auto* fault = std::get_if<FaultKind>(&verified)) {
      out.inputs.push_back(input::Fault{peer, *fault});
    } else {
      out.bytes += bytes;
      out.inputs.push_back(input::Message{peer, std::get<AnyVerified>(std::move(verified))});
    }
  }
}

void FrameReader::ReadCertificate(NodeIndex peer, const peer::v1::Certificate& proto,
                                  Result& out) const {
  const Roster& roster = verifier_.roster();
  const auto round = Digest::FromBytes(proto.round_id());
  const auto digest = Digest::FromBytes(proto.digest());
  bool decodable = round && digest && proto.phase() <= 1 &&
                   proto.author() < static_cast<uint32_t>(roster.n()) &&
                   proto.votes_size() == roster.quorum();
  std::vector<Envelope> votes;
  size_t bytes = 0;
  for (int i = 0; decodable && i < proto.votes_size(); ++i) {
    std::optional<Envelope> envelope = FromProto(proto.votes(i));
    decodable = envelope.has_value();
    if (!decodable) break;
    bytes += envelope->body.size();
    votes.push_back(*std::move(envelope));
  }
  if (!decodable) {
    out.inputs.push_back(input::Fault{peer, FaultKind::kInvalidCertificate});
    return;
  }
  const Slot slot{static_cast<Phase>(proto.phase()),
                  NodeIndex{static_cast<uint16_t>(proto.author())}};
  auto verified = verifier_.VerifyCertificate(RoundId{*round}, slot, *digest, std::move(votes));
  if (auto* fault = std::get_if<FaultKind>(&verified)) {
    out.inputs.push_back(input::Fault{peer, *fault});
    return;
  }
  out.bytes += bytes;
  out.inputs.push_back(
      input::Certificate{peer, std::get<VerifiedCertificate>(std::move(verified))});
}

void FrameReader::ReadRecord(NodeIndex peer, const peer::v1::Record& part, Result& out) {
  const auto id = Digest::FromBytes(part.round_id());
  std::string bytes;
  {
    std::lock_guard lock(mutex_);
    Assembly& assembly = assemblies_[peer];
    if (id && part.offset() == 0) assembly = {RoundId{*id}, {}, part.total()};
    if (!id || assembly.round != RoundId{*id} || part.total() != assembly.total ||
        part.total() > limits::kMaxBundleBytes || part.offset() != assembly.bytes.size() ||
        part.part().empty() || part.part().size() > part.total() - part.offset()) {
      // A part that follows none may be the rest of what was dropped: it is asked for again.
      assemblies_.erase(peer);
      return;
    }
    assembly.bytes += part.part();
    if (assembly.bytes.size() < assembly.total) return;
    bytes = std::move(assembly.bytes);
    assemblies_.erase(peer);
  }
  const Roster& roster = verifier_.roster();
  const auto refuse = [&] {
    out.inputs.push_back(input::Fault{peer, FaultKind::kInvalidRecord});
  };
  auto checked = VerifyBundle(bytes, &roster, roster.quorum(), verifier_.scheme());
  if (!checked.ok() || !checked->authenticated || checked->round != RoundId{*id}) return refuse();
  auto bundle = DecodeBundle(bytes);
  if (!bundle.ok()) return refuse();
  auto query = verifier_.Verify(*bundle->query);
  if (std::holds_alternative<FaultKind>(query)) return refuse();
  out.bytes += bytes.size();
  out.inputs.push_back(
      input::Record{peer, std::make_shared<const CheckedBundle>(*std::move(checked)),
                    std::get<Verified<Query>>(std::get<AnyVerified>(std::move(query)))});
}

}  // namespace decentd
