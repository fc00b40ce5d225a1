// A liar that divides three honest nodes over its own slot, along the two roads to a deadlock of
// docs/SPEC.md, section 14, items 1 and 2, as the explorer finds them: it lets one node's deadline
// come before the others', shows its answer only then, tells each node another vote, and holds up
// one link for as long as it may. Honest nodes that keep to the protocol get over it.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "tests/sim/puppets.h"

namespace decentd::sim {
namespace {

// Numbers that no honest node asks others for, since those before them never come.
constexpr uint64_t kFirstLie = 700;

class Divider final : public Puppets {
 public:
  explicit Divider(AdversaryHandle handle) : Puppets(std::move(handle)) {
    for (int i = 0; i < handle_.roster().n(); ++i) {
      if (!handle_.IsOwn(i)) honest_.push_back(i);
    }
    for (size_t i = honest_.size(); i > 1; --i) {
      std::swap(honest_[i - 1], honest_[handle_.random.Below(i)]);
    }
    leaves_ = handle_.random.Chance(700);
    late_ms_ = std::min<int64_t>(1'900, handle_.plan().parameters.answer.soft_ms / 2);
  }

  void Begin() override {
    Puppets::Begin();
    handle_.HoldUp([this](int from, int to, const Frame& frame) { return Hold(from, to, frame); });
  }

  void OnFrame(int to, int from, const action::FramePtr& frame) override {
    Puppets::OnFrame(to, from, frame);
    ForEachVotes(*frame, [&](const WireEnvelope&, const Votes& votes) {
      for (const Vote& vote : votes.votes) {
        const auto* enter = std::get_if<vote::Enter>(&vote);
        if (enter && enter->phase == Phase::kAnswer) Entered(to, votes.round);
      }
    });
  }

  // It says nothing of its own but its answer, when the time has come.
  bool Change(int from, int, WireEnvelope* envelope) override {
    if (envelope->kind() == types::v1::KIND_PROPOSE) {
      const auto propose = DecodePropose(handle_.roster(), envelope->body());
      if (propose && propose->phase == Phase::kAnswer) answers_[{from, propose->round}] = *envelope;
      return false;
    }
    return envelope->kind() == types::v1::KIND_HEARTBEAT;
  }

 private:
  int X() const { return honest_[0]; }
  int Y() const { return honest_[1]; }
  int Z() const { return honest_[2]; }

  int64_t Hold(int from, int to, const Frame& frame) {
    if (honest_.size() < 3) return 0;
    bool enters = false, second = false;
    ForEachVotes(frame, [&](const WireEnvelope&, const Votes& votes) {
      for (const Vote& vote : votes.votes) {
        enters |= std::holds_alternative<vote::Enter>(vote);
        const auto* est = std::get_if<vote::Est>(&vote);
        second |= est && est->round == 2 && handle_.IsOwn(est->slot.author.value);
      }
    });
    const bool toward_late = from == Y() && to == Z();
    const bool back = from == Z() && to == Y();
    if (enters && (toward_late || (back && !leaves_))) return late_ms_;
    if (leaves_ ? toward_late && second : back && revealed_) return 2'000;
    return 0;
  }

  void Entered(int own, const RoundId& round) {
    if (honest_.size() < 3 || !started_.insert({own, round}).second) return;
    const int64_t soft = handle_.plan().parameters.answer.soft_ms;
    const int64_t link = handle_.plan().links.longest_ms;
    Lie(own, round);
    handle_.In(soft + handle_.random.Between(0, 6 * link + 100), [this, own, round] {
      revealed_ = true;
      const auto answer = answers_.find({own, round});
      if (answer == answers_.end()) return;
      auto frame = std::make_shared<Frame>();
      *frame->mutable_envelopes()->add_envelopes() = answer->second;
      Tell(own, Y(), round, {vote::Echo{SlotOf(own), Sha256(answer->second.body())}});
      for (int to : honest_) handle_.Send(own, to, frame);
    });
  }

  void Lie(int own, const RoundId& round) {
    const Slot slot = SlotOf(own);
    if (leaves_) {
      // X comes to the second round with 0, the others with 1; Z leaves it without relaying 0.
      Tell(own, X(), round, {vote::Aux{slot, 1, 1}});
      Tell(own, Y(), round, {vote::Est{slot, 2, false}});
      Tell(own, Z(), round, {vote::Est{slot, 2, true}, vote::Aux{slot, 2, 2}});
    } else {
      // Y decides 1 without having seen the EST of 0 that Z's AUX holds.
      Tell(own, Z(), round, {vote::Est{slot, 1, false}});
      Tell(own, Y(), round, {vote::Aux{slot, 1, 2}});
    }
  }

  static Slot SlotOf(int own) { return {Phase::kAnswer, Index(own)}; }

  void Tell(int own, int to, const RoundId& round, std::vector<Vote> votes) {
    const auto envelope = handle_.SignBody(
        own, Kind::kVotes, EncodeBody(Votes{round, kFirstLie + lies_++ % 300, std::move(votes)}));
    auto frame = std::make_shared<Frame>();
    ToProto(*envelope, frame->mutable_envelopes()->add_envelopes());
    handle_.Send(own, to, std::move(frame));
  }

  std::vector<int> honest_;  // in the order of their parts
  bool leaves_ = false;      // item 2; else item 1
  bool revealed_ = false;
  int64_t late_ms_ = 0;
  uint64_t lies_ = 0;
  std::set<std::pair<int, RoundId>> started_;
  std::map<std::pair<int, RoundId>, WireEnvelope> answers_;
};

}  // namespace

std::unique_ptr<Adversary> MakeDivider(AdversaryHandle handle) {
  return std::make_unique<Divider>(std::move(handle));
}

}  // namespace decentd::sim
