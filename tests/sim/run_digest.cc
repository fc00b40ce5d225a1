#include "tests/sim/run_digest.h"

#include <cstring>

namespace decentd::sim {

void RunDigest::Fold(uint64_t word) {
  digest_ = (digest_ ^ word) * 0x9fb21c651e98df25ull;
  digest_ ^= digest_ >> 29;
}

void RunDigest::Fold(std::string_view bytes) {
  Fold(bytes.size());
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    Fold(word);
  }
  for (char c : bytes) Fold(static_cast<uint8_t>(c));
}

void RunDigest::OnStart(const Node& node) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold(1 + node.self().value);
}

void RunDigest::OnStop(const Node& node) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold(200 + node.self().value);
}

void RunDigest::OnLink(const Node& node, NodeIndex peer, bool up) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold((node.self().value * 256u + peer.value) * 2 + up);
}

void RunDigest::OnDelivered(const Node& node, NodeIndex from, const peer::v1::Frame& frame) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold(node.self().value * 256u + from.value);
  Fold(static_cast<uint64_t>(frame.kind_case()));
  for (const auto& envelope : frame.envelopes().envelopes()) Fold(envelope.signature());
  if (frame.has_want()) Fold(frame.ByteSizeLong());
  if (frame.has_have()) Fold(frame.ByteSizeLong());
}

void RunDigest::OnPublished(const Node&, const RoundId&, const RoundEvent& event) {
  Fold(static_cast<uint64_t>(event.type));
  Fold(event.seq);
}

void RunDigest::OnFault(const Node&, NodeIndex, FaultKind kind) {
  Fold(static_cast<uint64_t>(kind));
}

void RunDigest::OnReport(const Node&, const std::string& text) { Fold(text); }

}  // namespace decentd::sim
