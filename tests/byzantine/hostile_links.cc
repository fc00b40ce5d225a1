#include "tests/byzantine/hostile_links.h"

#include <optional>
#include <utility>

#include "node/codec/peer_codec.h"

namespace decentd::testing {
namespace {

using types::v1::Envelope;

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

  Links& real_;
  const Signer& identity_;
  const Roster& roster_;
  const NodeIndex self_;
};

class ForgingLinks final : public HostileLinks {
 public:
  using HostileLinks::HostileLinks;

 private:
  void Change(NodeIndex, peer::v1::Envelopes* envelopes) override {
    for (Envelope& envelope : *envelopes->mutable_envelopes()) {
      // Heartbeats stay whole, so that the link lives and the forgeries arrive.
      if (envelope.author() != self_.value || envelope.kind() == types::v1::KIND_HEARTBEAT) continue;
      Envelope other = envelope;
      other.set_author((self_.value + 1u) % static_cast<uint32_t>(roster_.n()));
      (*envelope.mutable_signature())[0] ^= 1;
      *envelopes->add_envelopes() = std::move(other);
      return;  // one a frame: more would only close the link
    }
  }
};

class EquivocatingLinks final : public HostileLinks {
 public:
  using HostileLinks::HostileLinks;

 private:
  void Change(NodeIndex peer, peer::v1::Envelopes* envelopes) override {
    if (peer.value % 2 == 0) return;
    for (Envelope& envelope : *envelopes->mutable_envelopes()) {
      if (envelope.author() != self_.value || envelope.kind() != types::v1::KIND_PROPOSE) continue;
      std::optional<Propose> propose = DecodePropose(roster_, envelope.body());
      if (!propose) continue;
      if (auto* answer = std::get_if<Answer>(&propose->payload)) answer->text += " Or not.";
      if (auto* sheet = std::get_if<Sheet>(&propose->payload)) {
        for (uint32_t& score : sheet->entries.front().scores) score = 20000 - score;
      }
      ToProto(SignStatement(identity_, roster_, self_, *propose), &envelope);
    }
  }
};

}  // namespace

std::unique_ptr<Links> MakeHostileLinks(Attack attack, Links& real, const Signer& identity,
                                        const Roster& roster, NodeIndex self) {
  if (attack == Attack::kForge) {
    return std::make_unique<ForgingLinks>(real, identity, roster, self);
  }
  return std::make_unique<EquivocatingLinks>(real, identity, roster, self);
}

}  // namespace decentd::testing
