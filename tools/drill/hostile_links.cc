#include "tools/drill/hostile_links.h"

#include <atomic>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "node/codec/peer_codec.h"
#include "node/core/limits.h"

namespace decentd::drill {
namespace {

using WireEnvelope = types::v1::Envelope;

class HostileLinks : public Links {
 public:
  HostileLinks(Links& real, const Signer& identity, const Roster& roster, NodeIndex self)
      : real_(real), identity_(identity), roster_(roster), self_(self) {}

  void Send(NodeIndex peer, FramePtr frame) override {
    auto changed = std::make_shared<peer::v1::Frame>(*frame);
    if (changed->has_envelopes()) Change(peer, changed->mutable_envelopes());
    real_.Send(peer, std::move(changed));
  }
  void Broadcast(FramePtr frame) override {
    for (uint16_t i = 0; i < roster_.n(); ++i) {
      if (i != self_.value) Send(NodeIndex{i}, frame);
    }
  }
  std::vector<PeerState> States() const override { return real_.States(); }
  void CountFault(NodeIndex peer) override { real_.CountFault(peer); }

 protected:
  virtual void Change(NodeIndex peer, peer::v1::Envelopes* envelopes) = 0;

  bool IsOwn(const WireEnvelope& envelope) const { return envelope.author() == self_.value; }

  Links& real_;
  const Signer& identity_;
  const Roster& roster_;
  const NodeIndex self_;
};

class ForkingLinks final : public HostileLinks {
 public:
  using HostileLinks::HostileLinks;

 private:
  void Change(NodeIndex peer, peer::v1::Envelopes* envelopes) override {
    if (peer.value % 2 == 0) return;
    for (WireEnvelope& envelope : *envelopes->mutable_envelopes()) {
      if (!IsOwn(envelope) || envelope.kind() != types::v1::KIND_PROPOSE) continue;
      std::optional<Propose> propose = DecodePropose(roster_, envelope.body());
      if (!propose) continue;
      if (auto* answer = std::get_if<Answer>(&propose->payload)) answer->text += " Or not.";
      if (auto* sheet = std::get_if<Sheet>(&propose->payload)) {
        for (uint32_t& score : sheet->entries.front().scores) score = limits::kMaxScore - score;
      }
      ToProto(SignStatement(identity_, roster_, self_, *propose), &envelope);
    }
  }
};

class SilentLinks final : public HostileLinks {
 public:
  using HostileLinks::HostileLinks;
  void Send(NodeIndex, FramePtr) override {}
  void Broadcast(FramePtr) override {}

 private:
  void Change(NodeIndex, peer::v1::Envelopes*) override {}
};

// Each of its own statements is broken in one of four ways, taken in turn.
class GarbageLinks final : public HostileLinks {
 public:
  using HostileLinks::HostileLinks;

 private:
  void Change(NodeIndex, peer::v1::Envelopes* envelopes) override {
    for (WireEnvelope& envelope : *envelopes->mutable_envelopes()) {
      // Heartbeats stay whole, so that the link lives and the garbage arrives.
      if (IsOwn(envelope) && envelope.kind() != types::v1::KIND_HEARTBEAT) Break(envelope);
    }
  }

  void Break(WireEnvelope& envelope) {
    const uint32_t turn = turn_.fetch_add(1);
    switch (turn % 4) {
      case 0:
        (*envelope.mutable_signature())[0] ^= 1;
        break;
      case 1:
        envelope.set_author((self_.value + 1u) % static_cast<uint32_t>(roster_.n()));
        break;
      case 2:
        SignRandomBody(turn, envelope);
        break;
      default:
        envelope.set_body(RandomBytes(turn, envelope.body().size()));
        break;
    }
  }

  // The signature holds and what it signs is nothing.
  void SignRandomBody(uint32_t seed, WireEnvelope& envelope) {
    std::optional<Envelope> signed_one = FromProto(envelope);
    if (!signed_one) return;
    signed_one->body = RandomBytes(seed, signed_one->body.size());
    signed_one->signature =
        identity_.Sign(KindName(signed_one->kind), roster_.cluster_id(), signed_one->body);
    ToProto(*signed_one, &envelope);
  }

  static std::string RandomBytes(uint32_t seed, size_t size) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  }

  std::atomic<uint32_t> turn_{0};
};

}  // namespace

std::unique_ptr<Links> MakeHostileLinks(LinkAttack attack, Links& real, const Signer& identity,
                                        const Roster& roster, NodeIndex self) {
  switch (attack) {
    case LinkAttack::kSilent:
      return std::make_unique<SilentLinks>(real, identity, roster, self);
    case LinkAttack::kGarbage:
      return std::make_unique<GarbageLinks>(real, identity, roster, self);
    case LinkAttack::kFork:
      break;
  }
  return std::make_unique<ForkingLinks>(real, identity, roster, self);
}

}  // namespace decentd::drill
