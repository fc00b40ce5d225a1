// Claims about when honest nodes give up waiting.
#include <map>

#include "node/codec/peer_codec.h"
#include "node/runtime/reachability.h"
#include "tests/sim/checkers.h"

namespace decentd::sim {
namespace {

// The first honest EST of 0 for a slot is an input, for relaying takes f + 1 nodes. Before the hard
// deadline an input of 0 needs the gate; the deadline counts only time in which the node could reach
// n - f nodes. What it could reach is taken from its links, the liars' included, and for as long as
// it may go on believing in it.
class PhaseClock final : public Checker {
 public:
  PhaseClock(const World& world, std::vector<Violation>* violations)
      : Checker("without a quorum no deadline passes (SPEC 6)", world, violations) {}

  void OnStart(const Node& node) override { Changed(node.self(), std::nullopt); }
  void OnStop(const Node& node) override { Changed(node.self(), std::nullopt); }
  void OnLink(const Node& node, NodeIndex peer, bool up) override {
    Changed(node.self(), std::pair(peer, up));
  }
  void OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) override {
    if (event.type != RoundEvent::Type::kPhaseStarted) return;
    began_.try_emplace(Key(node.self(), round, event.phase), stepped_[node.self()]);
  }
  // What a step brings about is published when it is durable, which may take its time.
  void OnStepped(const Node& node) override {
    Account();
    stepped_[node.self()] = counted_[node.self()];
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
    const Roster& roster = world_.roster();
    if (began == began_.end() || static_cast<int>(ones_[key].size()) >= roster.gate(slot.phase)) {
      return;
    }
    const int64_t counted = stepped_[node.self()] - began->second;
    const RosterParameters& parameters = world_.plan().parameters;
    const int64_t hard =
        slot.phase == Phase::kAnswer ? parameters.answer.hard_ms : parameters.sheet.hard_ms;
    if (counted >= hard) return;
    Fail("node " + std::to_string(node.self().value) + " gives 0 for the slot of node " +
         std::to_string(slot.author.value) + " in round " + Short(round) + " without the gate, " +
         std::to_string(counted) + " ms of " + std::to_string(hard) + " into the phase");
  }

  void Changed(NodeIndex node, std::optional<std::pair<NodeIndex, bool>> link) {
    Account();
    if (!link) {
      links_[node].ForEach([&](NodeIndex peer) { linked_by_[peer].Remove(node); });
      links_[node] = {};
    } else if (link->second) {
      links_[node].Add(link->first);
      linked_by_[link->first].Add(node);
    } else {
      links_[node].Remove(link->first);
      linked_by_[link->first].Remove(node);
    }
    for (uint16_t i = 0; i < world_.roster().n(); ++i) {
      const bool quorum = Reached(NodeIndex{i}) >= world_.roster().n() - world_.roster().f();
      if (!quorum && has_quorum_[NodeIndex{i}]) lost_ms_[NodeIndex{i}] = world_.now_ms();
      has_quorum_[NodeIndex{i}] = quorum;
    }
  }

  // Through links of either side: heartbeats are passed on, and a link that one side has given up
  // may have carried something to the other.
  int Reached(NodeIndex from) {
    NodeSet reached, fresh;
    fresh.Add(from);
    while (!fresh.Empty()) {
      reached = reached | fresh;
      NodeSet next;
      fresh.ForEach([&](NodeIndex at) { next = next | links_[at] | linked_by_[at]; });
      fresh = next - reached;
    }
    return reached.Size();
  }

  // Brings the counted time of every node up to now.
  void Account() {
    const int64_t now = world_.now_ms();
    for (uint16_t i = 0; i < world_.roster().n(); ++i) {
      const NodeIndex node{i};
      int64_t until = now;
      if (!has_quorum_[node]) {
        const auto lost = lost_ms_.find(node);
        until = lost == lost_ms_.end() ? accounted_ms_ : std::min(now, lost->second + kBelievesMs);
      }
      counted_[node] += std::max<int64_t>(0, until - accounted_ms_);
    }
    accounted_ms_ = now;
  }

  // A heartbeat counts for a window, and may have been on its way for a while.
  static constexpr int64_t kBelievesMs = Reachability::kWindowMs + 4'000;

  std::map<NodeIndex, NodeSet> links_, linked_by_;
  std::map<NodeIndex, bool> has_quorum_;
  std::map<NodeIndex, int64_t> lost_ms_, counted_, stepped_;
  int64_t accounted_ms_ = 0;
  std::map<Key, int64_t> began_;
  std::map<Key, std::set<NodeIndex>> ones_;
  std::set<std::pair<RoundId, Slot>> seen_;
};

}  // namespace

void AddClockCheckers(const World& world, std::vector<Violation>* violations, Checkers* out) {
  out->push_back(std::make_unique<PhaseClock>(world, violations));
}

}  // namespace decentd::sim
