// What comes into the driver from peers: decoded and verified on the caller's thread, then queued
// for the core within bounds.
#include <algorithm>

#include "node/codec/peer_codec.h"
#include "node/proof/bundle.h"
#include "node/runtime/driver.h"

namespace decentd {
namespace {

// What one peer may have waiting for the core; beyond it its messages are dropped and asked for
// again later, so that a flood costs its own link only.
constexpr size_t kMaxQueuedBytes = 32u << 20;
constexpr size_t kInputOverhead = 256;

}  // namespace

void Driver::Push(std::optional<NodeIndex> from, std::vector<Input> inputs, size_t bytes) {
  if (inputs.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    const size_t each = bytes / inputs.size() + kInputOverhead;
    if (from) {
      size_t& queued = mailbox_bytes_[*from];
      if (queued + each * inputs.size() > kMaxQueuedBytes) {
        dropped_ += inputs.size();
        return;
      }
      queued += each * inputs.size();
    }
    for (Input& in : inputs) mailbox_.push_back({from, std::move(in), each});
  }
  core_wakes_.notify_one();
}

// Links come and go in order with their frames, so they pass whatever waits.
void Driver::OnLinkUp(NodeIndex peer) { Push(std::nullopt, {input::LinkUp{peer}}, 0); }

void Driver::OnLinkDown(NodeIndex peer) {
  {
    std::lock_guard lock(assembly_mutex_);
    assemblies_.erase(peer);
  }
  Push(std::nullopt, {input::LinkDown{peer}}, 0);
}

void Driver::OnFrame(NodeIndex peer, peer::v1::Frame frame) {
  using Kind = peer::v1::Frame;
  const size_t bytes = frame.ByteSizeLong();
  switch (frame.kind_case()) {
    case Kind::kEnvelopes:
      PushEnvelopes(peer, frame.envelopes());
      break;
    case Kind::kHave:
      Push(peer, {input::Have{peer, std::move(*frame.mutable_have())}}, bytes);
      break;
    case Kind::kWant:
      Push(peer, {input::Want{peer, std::move(*frame.mutable_want())}}, bytes);
      break;
    case Kind::kCertificate:
      PushCertificate(peer, frame.certificate());
      break;
    case Kind::kRecord:
      PushRecord(peer, std::move(*frame.mutable_record()));
      break;
    default:
      Push(peer, {input::Fault{peer, FaultKind::kUndecodable}}, 0);
  }
}

void Driver::PushEnvelopes(NodeIndex peer, const peer::v1::Envelopes& envelopes) {
  std::vector<Input> inputs;
  size_t bytes = 0;
  for (const types::v1::Envelope& proto : envelopes.envelopes()) {
    std::optional<Envelope> envelope = FromProto(proto);
    if (!envelope) {
      inputs.push_back(input::Fault{peer, FaultKind::kUndecodable});
      continue;
    }
    bytes += envelope->body.size();
    auto verified = verifier_.Verify(*std::move(envelope));
    if (auto* fault = std::get_if<FaultKind>(&verified)) {
      inputs.push_back(input::Fault{peer, *fault});
    } else {
      inputs.push_back(input::Message{peer, std::get<AnyVerified>(std::move(verified))});
    }
  }
  Push(peer, std::move(inputs), bytes);
}

void Driver::PushCertificate(NodeIndex peer, const peer::v1::Certificate& proto) {
  const auto round = Digest::FromBytes(proto.round_id());
  const auto digest = Digest::FromBytes(proto.digest());
  std::vector<Envelope> votes;
  size_t bytes = 0;
  bool decodable = round && digest && proto.phase() <= 1 &&
                   proto.author() < static_cast<uint32_t>(roster_.n()) &&
                   proto.votes_size() == roster_.quorum();
  for (int i = 0; decodable && i < proto.votes_size(); ++i) {
    std::optional<Envelope> envelope = FromProto(proto.votes(i));
    decodable = envelope.has_value();
    if (!decodable) break;
    bytes += envelope->body.size();
    votes.push_back(*std::move(envelope));
  }
  if (!decodable) {
    Push(peer, {input::Fault{peer, FaultKind::kInvalidCertificate}}, 0);
    return;
  }
  const Slot slot{static_cast<Phase>(proto.phase()),
                  NodeIndex{static_cast<uint16_t>(proto.author())}};
  auto verified = verifier_.VerifyCertificate(RoundId{*round}, slot, *digest, std::move(votes));
  if (auto* fault = std::get_if<FaultKind>(&verified)) {
    Push(peer, {input::Fault{peer, *fault}}, 0);
  } else {
    Push(peer,
         {input::Certificate{peer, std::get<VerifiedCertificate>(std::move(verified))}}, bytes);
  }
}

void Driver::PushRecord(NodeIndex peer, peer::v1::Record part) {
  std::string bytes;
  {
    std::lock_guard lock(assembly_mutex_);
    const auto id = Digest::FromBytes(part.round_id());
    Assembly& assembly = assemblies_[peer];
    if (id && part.offset() == 0) assembly = {RoundId{*id}, {}, part.total()};
    if (!id || assembly.round != RoundId{*id} || part.offset() != assembly.bytes.size() ||
        part.total() != assembly.total || part.total() > limits::kMaxBundleBytes ||
        part.part().empty() || part.offset() + part.part().size() > part.total()) {
      // A part that follows none may be the rest of what was dropped: it is asked for again.
      assemblies_.erase(peer);
      return;
    }
    assembly.bytes += part.part();
    if (assembly.bytes.size() < assembly.total) return;
    bytes = std::move(assembly.bytes);
    assemblies_.erase(peer);
  }
  const auto refuse = [&] { Push(peer, {input::Fault{peer, FaultKind::kInvalidRecord}}, 0); };
  auto checked = VerifyBundle(bytes, &roster_, roster_.quorum(), verifier_.scheme());
  if (!checked.ok() || !checked->authenticated) return refuse();
  auto bundle = DecodeBundle(bytes);
  if (!bundle.ok()) return refuse();
  auto query = verifier_.Verify(*bundle->query);
  if (std::holds_alternative<FaultKind>(query)) return refuse();
  Push(peer,
       {input::Record{peer, std::make_shared<const CheckedBundle>(*std::move(checked)),
                      std::get<Verified<Query>>(std::get<AnyVerified>(std::move(query)))}},
       bytes.size());
}

}  // namespace decentd
