// Claims about when honest nodes give up waiting.
#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "node/codec/peer_codec.h"
#include "node/runtime/reachability.h"
#include "tests/sim/checkers.h"

namespace decentd::sim {
namespace {

// The first honest EST of 0 for a slot is an input, for relaying takes f + 1 nodes. Before the hard
// deadline an input of 0 needs the gate; the deadline counts only time in which the node could
// reach n - f nodes: itself and those whose links came up or whose heartbeats it took within the
// window.
class PhaseClock final : public Checker {
 public:
  PhaseClock(const World& world, std::vector<Violation>* violations)
      : Checker("without a quorum no deadline passes (SPEC 6)", world, violations) {}

  void OnStart(const Node& node) override { clocks_[node.self()].Forget(world_.now_ms()); }
  void OnLink(const Node& node, NodeIndex peer, bool up) override {
    if (up) clocks_[node.self()].waiting.Add(peer);
  }
  void OnDelivered(const Node& node, NodeIndex, const peer::v1::Frame& frame) override {
    for (const types::v1::Envelope& envelope : frame.envelopes().envelopes()) {
      if (envelope.kind() != types::v1::KIND_HEARTBEAT) continue;
      if (envelope.author() >= static_cast<uint32_t>(world_.roster().n())) continue;
      clocks_[node.self()].waiting.Add(NodeIndex{static_cast<uint16_t>(envelope.author())});
    }
  }
  void OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) override {
    if (event.type != RoundEvent::Type::kPhaseStarted) return;
    began_.try_emplace(Key(node.self(), round, event.phase), clocks_[node.self()].counted_ms);
  }
  // What a step brings about is published when it is durable, which may take its time.
  void OnStepped(const Node& node) override {
    const int others = world_.roster().n() - world_.roster().f() - 1;
    clocks_[node.self()].Step(node.self(), others, world_.now_ms());
  }
  void OnSaid(const Node& node, const AnyVerified& said) override {
    const auto* votes = std::get_if<Verified<Votes>>(&said);
    if (votes == nullptr) return;
    for (const Vote& vote : (*votes)->votes) {
      if (const auto* decided = std::get_if<vote::Decided>(&vote)) {
        const Key key(node.self(), (*votes)->round, decided->slot.phase);
        if (decided->value) ones_[key].insert(decided->slot.author);
      }
      const auto* est = std::get_if<vote::Est>(&vote);
      if (est == nullptr || est->round != 1 || est->value) continue;
      if (seen_.emplace((*votes)->round, est->slot).second) Look(node, (*votes)->round, est->slot);
    }
  }

 private:
  using Key = std::tuple<NodeIndex, RoundId, Phase>;

  void Look(const Node& node, const RoundId& round, const Slot& slot) {
    const Key key(node.self(), round, slot.phase);
    const auto began = began_.find(key);
    const Roster roster = world_.RosterOf(round);
    if (began == began_.end() || static_cast<int>(ones_[key].size()) >= roster.gate(slot.phase)) {
      return;
    }
    const int64_t counted = clocks_[node.self()].counted_ms - began->second;
    const RosterParameters& parameters = world_.plan().parameters;
    const int64_t hard =
        slot.phase == Phase::kAnswer ? parameters.answer.hard_ms : parameters.sheet.hard_ms;
    if (counted >= hard) return;
    Fail("node " + std::to_string(node.self().value) + " gives 0 for the slot of node " +
         std::to_string(slot.author.value) + " in round " + Short(round) + " without the gate, " +
         std::to_string(counted) + " ms of " + std::to_string(hard) + " into the phase");
  }

  struct Clock {
    // What of others has arrived since the last step; a step may leave some of it for the next.
    NodeSet waiting;
    std::map<NodeIndex, int64_t> heard_ms;
    int64_t counted_ms = 0;  // with a quorum, up to the last step
    int64_t stepped_ms = 0;

    void Forget(int64_t now_ms) {
      waiting = {};
      heard_ms.clear();
      stepped_ms = now_ms;
    }
    void Step(NodeIndex self, int others, int64_t now_ms) {
      std::vector<int64_t> heard;
      for (const auto& [peer, ms] : heard_ms) {
        if (peer != self) heard.push_back(ms);
      }
      if (others == 0) {
        counted_ms += now_ms - stepped_ms;
      } else if (static_cast<int>(heard.size()) >= others) {
        std::ranges::nth_element(heard, heard.begin() + (others - 1), std::greater<>());
        const int64_t until = heard[static_cast<size_t>(others - 1)] + kBelievesMs;
        counted_ms += std::max<int64_t>(0, std::min(now_ms, until) - stepped_ms);
      }
      stepped_ms = now_ms;
      waiting.ForEach([&](NodeIndex peer) { heard_ms[peer] = now_ms; });
      waiting = {};
    }
  };

  // A little more than the window, for what a step left for the next.
  static constexpr int64_t kBelievesMs = Reachability::kWindowMs + 500;

  std::map<NodeIndex, Clock> clocks_;
  std::map<Key, int64_t> began_;
  std::map<Key, std::set<NodeIndex>> ones_;
  std::set<std::pair<RoundId, Slot>> seen_;
};

}  // namespace

void AddClockCheckers(const World& world, std::vector<Violation>* violations, Checkers* out) {
  out->push_back(std::make_unique<PhaseClock>(world, violations));
}

}  // namespace decentd::sim
