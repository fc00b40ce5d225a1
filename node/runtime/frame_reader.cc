#include "node/runtime/frame_reader.h"

#include <algorithm>
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

uint64_t FrameReader::ExpectRecord(NodeIndex peer, const RoundId& round) {
  std::lock_guard lock(mutex_);
  Assembly& assembly = assemblies_[peer];
  if (assembly.round != round) assembly = {round, {}, 0, false};
  assembly.asked = true;
  return assembly.bytes.size();
}

void FrameReader::DropRecord(const RoundId& round) {
  std::lock_guard lock(mutex_);
  std::erase_if(assemblies_, [&](const auto& one) { return one.second.round == round; });
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

// A part that was not asked for costs nothing: it is no fault either, for it may have crossed with
// the news that another peer was faster.
void FrameReader::ReadRecord(NodeIndex peer, const peer::v1::Record& part, Result& out) {
  const auto id = Digest::FromBytes(part.round_id());
  if (!id) {
    out.inputs.push_back(input::Fault{peer, FaultKind::kUndecodable});
    return;
  }
  const RoundId round{*id};
  std::string bytes;
  {
    std::lock_guard lock(mutex_);
    const auto it = assemblies_.find(peer);
    if (it == assemblies_.end()) return;
    Assembly& assembly = it->second;
    const uint64_t held = assembly.bytes.size();
    if (!assembly.asked || assembly.round != round || part.offset() != held) return;
    if (held == 0) assembly.total = part.total();
    // Parts of another length could make a record of millions of them.
    if (part.total() != assembly.total ||
        assembly.total > limits::MaxBundleBytes(verifier_.roster().n()) ||
        held >= assembly.total ||
        part.part().size() != std::min<uint64_t>(limits::kRecordPartBytes, assembly.total - held)) {
      assemblies_.erase(it);
      out.inputs.push_back(input::Fault{peer, FaultKind::kInvalidRecord});
      return;
    }
    assembly.asked = false;
    assembly.bytes += part.part();
    if (assembly.bytes.size() < assembly.total) {
      out.inputs.push_back(input::RecordPart{peer, round});
      return;
    }
    bytes = std::move(assembly.bytes);
    assemblies_.erase(it);
  }
  CheckRecord(peer, round, bytes, out);
}

// Its bytes are not counted: at most one record of each peer is under way, and was asked for.
void FrameReader::CheckRecord(NodeIndex peer, const RoundId& round, const std::string& bytes,
                              Result& out) const {
  const Roster& roster = verifier_.roster();
  const auto refuse = [&] {
    out.inputs.push_back(input::Fault{peer, FaultKind::kInvalidRecord});
  };
  auto checked = VerifyBundle(bytes, &roster, roster.quorum(), verifier_.scheme());
  if (!checked.ok() || !checked->authenticated || checked->round != round) return refuse();
  auto bundle = DecodeBundle(bytes);
  if (!bundle.ok()) return refuse();
  auto query = verifier_.Verify(*bundle->query);
  if (std::holds_alternative<FaultKind>(query)) return refuse();
  out.inputs.push_back(
      input::Record{peer, std::make_shared<const CheckedBundle>(*std::move(checked)),
                    std::get<Verified<Query>>(std::get<AnyVerified>(std::move(query)))});
}

}  // namespace decentd
