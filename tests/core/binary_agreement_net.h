// Instances of one binary agreement that talk over queues which a test empties in the order it
// wants. Liars are nodes without an instance: the test says what each of them tells whom.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "node/core/binary_agreement.h"

namespace decentd::testing {

inline constexpr Slot kSlot{Phase::kAnswer, NodeIndex{0}};
inline constexpr ValueMask kZero = 1, kOne = 2, kBoth = 3;

inline vote::Est Est(uint32_t round, bool value) { return {kSlot, round, value}; }
inline vote::Aux Aux(uint32_t round, ValueMask values) { return {kSlot, round, values}; }
inline vote::Decided Decided(bool value) { return {kSlot, value}; }

template <class T>
auto InRound(uint32_t round) {
  return [round](const T& vote) { return vote.round == round; };
}

template <class Adjust>
Roster PlainRoster(int n, Adjust adjust) {
  std::vector<RosterNode> nodes(static_cast<size_t>(n));
  for (size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].name = "node-" + std::to_string(i);
    nodes[i].key.bytes = Sha256(nodes[i].name).bytes;
  }
  RosterParameters parameters;
  parameters.criteria = PaperCriteria();
  adjust(nodes, parameters);
  return Roster(1, std::move(nodes), std::move(parameters));
}
inline Roster PlainRoster(int n) {
  return PlainRoster(n, [](std::vector<RosterNode>&, RosterParameters&) {});
}

inline NodeIndex Node(int i) { return NodeIndex{static_cast<uint16_t>(i)}; }

// Feeds one vote of `from` to an instance.
inline void Feed(BinaryAgreement& to, int from, const Vote& vote, Effects& out) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, vote::Est>) to.OnEst(Node(from), v.round, v.value, out);
        if constexpr (std::is_same_v<T, vote::Aux>) to.OnAux(Node(from), v.round, v.values, out);
        if constexpr (std::is_same_v<T, vote::Hint>) to.OnHint(Node(from), v.round, v.value, out);
        if constexpr (std::is_same_v<T, vote::Decided>) to.OnDecided(Node(from), v.value, out);
      },
      vote);
}

class BinaryNet {
 public:
  struct Message {
    int from, to;
    Vote vote;
  };
  using Filter = std::function<bool(const Message&)>;

  // The last `liars` nodes have no instance.
  BinaryNet(int n, int liars, NodeIndex author = NodeIndex{0})
      : roster(PlainRoster(n)), honest(n - liars) {
    for (int i = 0; i < honest; ++i) {
      nodes.emplace_back(roster, Node(i), Slot{Phase::kAnswer, author});
    }
    votes.resize(nodes.size());
    timers.resize(nodes.size());
  }

  void Propose(int i, bool value) {
    Do(i, [&](Effects& out) { node(i).Propose(value, out); });
  }
  void Certificate(int i) {
    Do(i, [&](Effects& out) { node(i).OnCertificate(out); });
  }
  // A liar's word, at once.
  void Lie(int from, int to, const Vote& vote) {
    Do(to, [&](Effects& out) { Feed(node(to), from, vote, out); });
  }
  void Fire(int i, const TimerKey& key) {
    Do(i, [&](Effects& out) { node(i).OnTimer(key.type, key.number, out); });
  }

  // Delivers what passes the filter, oldest first, until nothing does.
  void Deliver(const Filter& filter = [](const Message&) { return true; }) {
    for (;;) {
      const auto it = std::ranges::find_if(queue, filter);
      if (it == queue.end()) return;
      const Message message = *it;
      queue.erase(it);
      Lie(message.from, message.to, message.vote);
    }
  }
  // All that is left to happen, timers last; ends when nothing does or everyone has decided.
  void RunToTheEnd() {
    for (int turn = 0; turn < 100 && !AllDecided(); ++turn) {
      Deliver();
      for (int i = 0; i < honest; ++i) {
        for (const TimerRequest& timer : std::exchange(timers[static_cast<size_t>(i)], {})) {
          Fire(i, timer.key);
        }
      }
    }
  }
  // One of the messages in flight, any.
  void DeliverAny(std::mt19937_64& random) {
    const size_t at = random() % queue.size();
    const Message message = queue[at];
    queue[at] = queue.back();
    queue.pop_back();
    Lie(message.from, message.to, message.vote);
  }

  BinaryAgreement& node(int i) { return nodes[static_cast<size_t>(i)]; }
  bool AllDecided() const {
    return std::ranges::all_of(nodes, [](const auto& one) { return one.decided().has_value(); });
  }
  uint32_t HighestRound() const {
    uint32_t round = 0;
    for (const BinaryAgreement& one : nodes) round = std::max(round, one.round());
    return round;
  }
  template <class T>
  int Said(
      int i, const std::function<bool(const T&)>& which = [](const T&) { return true; }) const {
    return static_cast<int>(
        std::ranges::count_if(votes[static_cast<size_t>(i)], [&](const Vote& vote) {
          const T* one = std::get_if<T>(&vote);
          return one != nullptr && which(*one);
        }));
  }

  const Roster roster;
  const int honest;
  std::vector<BinaryAgreement> nodes;
  std::vector<Message> queue;
  std::vector<std::vector<Vote>> votes;           // said, by node
  std::vector<std::vector<TimerRequest>> timers;  // asked for and not fired, by node

 private:
  void Do(int i, const std::function<void(Effects&)>& act) {
    Effects out;
    act(out);
    const auto at = static_cast<size_t>(i);
    timers[at].insert(timers[at].end(), out.timers.begin(), out.timers.end());
    for (const Vote& vote : out.votes) {
      votes[at].push_back(vote);
      for (int to = 0; to < honest; ++to) {
        if (to != i) queue.push_back({i, to, vote});
      }
    }
    // A node hears itself before anyone else does.
    for (const Vote& vote : out.votes) {
      Do(i, [&](Effects& more) { Feed(node(i), i, vote, more); });
    }
  }
};

}  // namespace decentd::testing
