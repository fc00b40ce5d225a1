// A liar that makes certificates for its own slot out of what it has: votes of others that echo
// something else, votes of other rounds, votes that it writes for them. It withholds its real
// payload, so that the forged certificate would be the slot's first.
#include <map>

#include "tests/sim/puppets.h"

namespace decentd::sim {
namespace {

class CertificateForger final : public Puppets {
 public:
  using Puppets::Puppets;

  void OnFrame(int to, int from, const action::FramePtr& frame) override {
    Puppets::OnFrame(to, from, frame);
    ForEachVotes(*frame, [&](const WireEnvelope& envelope, const Votes& votes) {
      heard_[votes.round][static_cast<int>(envelope.author())] = envelope;
      for (const Vote& vote : votes.votes) {
        const auto* echo = std::get_if<vote::Echo>(&vote);
        if (echo == nullptr || echo->slot != Slot{Phase::kAnswer, Index(to)}) continue;
        echoed_[votes.round].emplace(static_cast<int>(envelope.author()), envelope);
      }
      if (handle_.random.Chance(300)) Forge(to, votes.round);
    });
  }

  // In every other round it shows its answer, to have echoes to use in the next.
  bool Change(int, int, WireEnvelope* envelope) override {
    if (envelope->kind() != types::v1::KIND_PROPOSE) return true;
    const auto propose = DecodePropose(handle_.roster(), envelope->body());
    if (!propose || propose->phase != Phase::kAnswer) return true;
    return Shown(propose->round);
  }

 private:
  bool Shown(const RoundId& round) {
    return shown_.try_emplace(round, shown_.size() % 2 == 0).first->second;
  }

  void Forge(int own, const RoundId& round) {
    if (Shown(round)) return;
    auto certificate = std::make_shared<Frame>();
    auto& made = *certificate->mutable_certificate();
    made.set_round_id(std::string(round.digest.View()));
    made.set_phase(types::v1::PHASE_ANSWER);
    made.set_author(static_cast<uint32_t>(own));
    auto payload = std::make_shared<Frame>();
    const int to = handle_.random.Index(handle_.roster().n());
    // To each another one: who takes them in decides on another set than the rest.
    const auto propose = handle_.SignBody(
        own, Kind::kPropose,
        EncodeBody(Propose{round, Phase::kAnswer,
                           Answer{"echoed by nobody " + std::to_string(to), "forged", "stop", {}}}));
    ToProto(*propose, payload->mutable_envelopes()->add_envelopes());
    Digest digest = Sha256(propose->body);

    const std::map<int, WireEnvelope>* votes = &heard_[round];
    const uint64_t way = handle_.random.Below(3);
    if (way == 0) {  // echoes of another round, with what they echo
      for (const auto& [other, echoes] : echoed_) {
        if (other == round || echoes.size() < Quorum()) continue;
        votes = &echoes;
        digest = EchoOf(own, echoes.begin()->second);
      }
    }
    for (const auto& [author, envelope] : *votes) {
      if (made.votes_size() == static_cast<int>(Quorum())) break;
      WireEnvelope& vote = *made.add_votes();
      vote = envelope;
      if (way != 1) continue;
      // Its own words over their name and signature.
      vote.set_body(EncodeBody(
          Votes{round, 0, {vote::Echo{Slot{Phase::kAnswer, Index(own)}, digest}}}));
    }
    if (made.votes_size() < static_cast<int>(Quorum())) return;
    made.set_digest(std::string(digest.View()));
    handle_.Send(own, to, std::move(certificate));
    if (way != 0) handle_.Send(own, to, std::move(payload));
  }

  size_t Quorum() const { return static_cast<size_t>(handle_.roster().quorum()); }
  Digest EchoOf(int own, const WireEnvelope& envelope) const {
    const auto votes = DecodeVotes(handle_.roster(), envelope.body());
    for (const Vote& vote : votes->votes) {
      const auto* echo = std::get_if<vote::Echo>(&vote);
      if (echo && echo->slot == Slot{Phase::kAnswer, Index(own)}) return echo->digest;
    }
    return {};
  }

  std::map<RoundId, std::map<int, WireEnvelope>> heard_;   // the latest Votes of each
  std::map<RoundId, std::map<int, WireEnvelope>> echoed_;  // those that echo its answer
  std::map<RoundId, bool> shown_;
};

}  // namespace

std::unique_ptr<Adversary> MakeCertificateForger(AdversaryHandle handle) {
  return std::make_unique<CertificateForger>(std::move(handle));
}

}  // namespace decentd::sim
