// All that one honest node of an exploration can come to, by the real code: its states, told apart
// by what it has heard and said, and the steps between them.
//
// A step is the least that has to arrive until the node says something new. To deliver less in a
// step leads nowhere, and what is not delivered yet can be delivered later, so nothing that the
// node can be brought to say is lost by delivering no more (docs/TESTING.md). For the same reason
//  - of votes that count alike the node's own is taken first, then the others' in order, then the
//    liar's,
//  - EST that comes when bin holds its value is told apart from none,
//  - AUX of a round that the node has not come to waits: by then it has said what let it come
//    there.
//
// Rules (BinaryRules, SetRules) say what may arrive and hand it to the code.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "tests/sim/explore/vote_menu.h"

namespace decentd::explore {

template <class HeardT, class SaidT, class Code>
struct NodeState {
  HeardT heard;
  SaidT said;
  Code code;
  std::vector<Word> path;  // one of those that lead here
  std::string wrong;       // what an honest node does not do, in words
};

// What comes of a node once all that honest nodes sent has arrived.
struct Rest {
  bool speaks = false;  // it says something more
  bool beyond = false;  // of a round that is not explored
  bool ended = false;
  uint64_t result = 0;  // where it ended: equal at all honest nodes
};

// Ways to look at a state from elsewhere; a mask.
inline constexpr int kMirrored = 1;  // the other two honest nodes have changed places
inline constexpr int kSwapped = 2;   // and the liar's two proposals

template <class Rules>
class NodeStates {
 public:
  using Id = uint32_t;
  using State = typename Rules::State;
  using Sent = typename Rules::Sent;  // what may arrive, as far as the words of one group go

  explicit NodeStates(const Rules& rules) : rules_(rules) { Intern(rules_.Fresh()); }

  Id first() const { return 0; }
  const State& state(Id id) const { return states_[id]; }
  size_t size() const { return states_.size(); }

  // Where these words lead from there, whatever is said on the way.
  Id Follow(Id from, const std::vector<Word>& words) {
    State state = states_[from];
    for (const Word& word : words) rules_.Deliver(word, state);
    return Intern(std::move(state));
  }

  Id Image(Id id, int way) {
    if (way == 0) return id;
    auto& images = images_[static_cast<size_t>(way)];
    if (images.size() < states_.size()) images.resize(states_.size());
    if (images[id]) return *images[id];
    State image = rules_.Fresh();
    for (const Word& word : states_[id].path) rules_.Deliver(rules_.Image(word, way), image);
    const Id other = Intern(std::move(image));
    images.resize(states_.size());
    images[id] = other;
    images[other] = id;  // each way undoes itself
    return other;
  }

  // The states that one step by words of this group leads to.
  const std::vector<Id>& Steps(Id id, int group, const Sent& sent) {
    const Key key{id, group, sent};
    if (const auto it = steps_.find(key); it != steps_.end()) return it->second;

    // Sets of words by size; those that make the node say nothing grow, the others are steps.
    std::vector<State> silent{states_[id]}, next, found;
    absl::flat_hash_set<decltype(State::heard)> seen;
    while (!silent.empty()) {
      next.clear();
      for (const State& from : silent) {
        for (const Word& word : rules_.Menu(from, group, sent)) {
          // Come to in another order already, and then it said nothing.
          const auto foreseen = rules_.Foreseen(word, from.heard);
          if (foreseen && seen.contains(*foreseen)) continue;
          State to = from;
          if (!rules_.Deliver(word, to)) {
            if (seen.insert(to.heard).second) next.push_back(std::move(to));
            continue;
          }
          // Sets come by size, so a lesser one was found before.
          const bool least = std::ranges::none_of(found, [&](const State& one) {
            return one.said == to.said && to.heard.Includes(one.heard);
          });
          if (!least) continue;
          // It would go on to a round that is not explored. All that it can contribute to those
          // before it can say before that, too.
          if (rules_.Beyond(to)) continue;
          found.push_back(std::move(to));
        }
      }
      std::swap(silent, next);
    }
    std::vector<Id> ids;
    for (State& state : found) ids.push_back(Intern(std::move(state)));
    return steps_.emplace(key, std::move(ids)).first->second;
  }

  // What comes of it when all of `sent`, one for each group, arrives in the order that helps least
  // and every deadline passes. A node that would go on to a round that is not explored speaks.
  const Rest& RestOf(Id id, const typename Rules::SentToAll& sent) {
    const std::pair key(id, sent);
    if (const auto it = rests_.find(key); it != rests_.end()) return it->second;
    Rest rest{.speaks = true};
    for (const bool decided_first : {true, false}) {
      if (rest.speaks) rest = rules_.Rest(states_[id], sent, decided_first);
    }
    return rests_.emplace(key, rest).first->second;
  }

 private:
  struct Key {
    Id id;
    int group;
    Sent sent;
    friend bool operator==(const Key&, const Key&) = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.id, key.group, key.sent);
    }
  };

  Id Intern(State state) {
    const auto [it, added] =
        ids_.try_emplace(std::pair(rules_.Reduced(state.heard), state.said),
                         static_cast<Id>(states_.size()));
    if (added) states_.push_back(std::move(state));
    return it->second;
  }

  const Rules& rules_;
  std::vector<State> states_;
  absl::flat_hash_map<std::pair<decltype(State::heard), decltype(State::said)>, Id> ids_;
  absl::flat_hash_map<Key, std::vector<Id>> steps_;
  absl::flat_hash_map<std::pair<Id, typename Rules::SentToAll>, Rest> rests_;
  std::array<std::vector<std::optional<Id>>, 4> images_;
};

}  // namespace decentd::explore
