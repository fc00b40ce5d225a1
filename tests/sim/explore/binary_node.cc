#include "tests/sim/explore/binary_node.h"

#include <algorithm>
#include <utility>

namespace decentd::explore {
namespace {

constexpr ValueMask Mask(bool value) { return value ? 2 : 1; }

BinaryWord Make(BinaryWord::Type type, int sender = 0, uint32_t round = 0, ValueMask values = 0) {
  return {type, static_cast<uint8_t>(sender), static_cast<uint8_t>(round), values};
}

NodeIndex Index(int node) { return NodeIndex{static_cast<uint16_t>(node)}; }

}  // namespace

// The liar's own slot: what its author sends, and to whom, is its business alone. Which of the
// honest nodes this is makes no difference before there are hints.
BinaryNode::BinaryNode(const Roster& roster, uint32_t first, uint32_t last, bool reduce)
    : first_round_(first),
      last_round_(last),
      reduce_(reduce),
      fresh_(roster, NodeIndex{0}, Slot{Phase::kAnswer, NodeIndex{kLiar}}) {
  Intern({{}, {}, fresh_, {}, {}});
}

BinaryNode::Id BinaryNode::Intern(BinaryState state) {
  const Heard heard = reduce_ ? state.heard.Saturated() : state.heard;
  const auto [it, added] = ids_.try_emplace(std::pair(heard.bits(), state.said.bits()),
                                            static_cast<Id>(states_.size()));
  if (added) states_.push_back(std::move(state));
  return it->second;
}

BinaryNode::Id BinaryNode::Follow(Id from, const std::vector<Word>& words) {
  BinaryState state = states_[from];
  for (const Word& word : words) Deliver(word, state);
  return Intern(std::move(state));
}

BinaryNode::Id BinaryNode::Mirror(Id id) {
  if (mirrors_.size() < states_.size()) mirrors_.resize(states_.size());
  if (mirrors_[id]) return *mirrors_[id];
  BinaryState mirrored{{}, {}, fresh_, {}, {}};
  for (Word word : states_[id].path) {
    if (word.sender == 1 || word.sender == 2) word.sender = static_cast<uint8_t>(3 - word.sender);
    Deliver(word, mirrored);
  }
  const Id other = Intern(std::move(mirrored));
  mirrors_.resize(states_.size());
  mirrors_[id] = other;
  mirrors_[other] = id;
  return other;
}

std::vector<BinaryNode::Word> BinaryNode::Menu(const BinaryState& state, const Heard& sent,
                                               bool certificate) const {
  using Type = Word::Type;
  std::vector<Word> menu;
  const Heard heard = reduce_ ? state.heard.Saturated() : state.heard;
  if (certificate && !heard.certificate()) menu.push_back(Make(Type::kCertificate));
  if (!heard.input()) menu.push_back(Make(Type::kInput));

  const uint32_t now = std::max<uint32_t>(1, state.code.round());
  for (uint32_t round = first_round_; round <= last_round_; ++round) {
    for (bool value : {false, true}) {
      if (round == 1 && value) continue;
      for (int sender = 0; sender < kSenders; ++sender) {
        if (heard.Est(sender, round, value)) continue;
        if (sender != kLiar && !sent.Est(sender, round, value)) continue;
        menu.push_back(Make(Type::kEst, sender, round, Mask(value)));
        if (reduce_) break;
      }
    }
    if (reduce_ && round != now) continue;
    ValueMask taken = 0;
    for (int sender = 0; sender < kHonest; ++sender) {
      const ValueMask values = sent.Aux(sender, round);
      if (values == 0 || heard.Aux(sender, round) != 0) continue;
      if (reduce_ && (taken >> values & 1) != 0) continue;
      taken |= static_cast<ValueMask>(1 << values);
      menu.push_back(Make(Type::kAux, sender, round, values));
    }
    if (heard.Aux(kLiar, round) != 0) continue;
    for (ValueMask values = 1; values <= 3; ++values) {
      if (reduce_ && (taken >> values & 1) != 0) continue;
      menu.push_back(Make(Type::kAux, kLiar, round, values));
    }
  }
  for (int sender = 0; sender < kHonest; ++sender) {
    if (sent.Decided(sender) != 0 && heard.Decided(sender) == 0) {
      menu.push_back(Make(Type::kDecided, sender, 0, sent.Decided(sender)));
    }
  }
  if (heard.Decided(kLiar) == 0) {
    for (ValueMask value : {1, 2}) menu.push_back(Make(Type::kDecided, kLiar, 0, value));
  }
  return menu;
}

bool BinaryNode::Deliver(const Word& word, BinaryState& state) {
  using Type = Word::Type;
  Effects out;
  state.path.push_back(word);
  switch (word.type) {
    case Type::kCertificate:
      state.heard.AddCertificate();
      state.code.OnCertificate(out);
      break;
    case Type::kInput:
      state.heard.AddInput();
      state.code.Propose(state.heard.certificate(), out);
      break;
    case Type::kEst:
      state.heard.AddEst(word.sender, word.round, word.values == 2);
      state.code.OnEst(Index(word.sender), word.round, word.values == 2, out);
      break;
    case Type::kAux:
      state.heard.AddAux(word.sender, word.round, word.values);
      state.code.OnAux(Index(word.sender), word.round, word.values, out);
      break;
    case Type::kDecided:
      state.heard.AddDecided(word.sender, word.values);
      state.code.OnDecided(Index(word.sender), word.values == 2, out);
      break;
  }
  for (const Vote& vote : out.votes) {
    if (!state.said.Add(vote)) state.twice = "a vote of the kind " + std::to_string(vote.index());
  }
  return !out.votes.empty();
}

const std::vector<BinaryNode::Id>& BinaryNode::Steps(Id id, const Heard& sent, bool certificate) {
  const Key key{id, sent.bits(), certificate};
  if (const auto it = steps_.find(key); it != steps_.end()) return it->second;

  // Sets of words by size; those that make the node say nothing grow, the others are steps.
  std::vector<BinaryState> silent{states_[id]}, next;
  std::vector<BinaryState> found;
  absl::flat_hash_map<uint64_t, bool> seen;
  while (!silent.empty()) {
    next.clear();
    for (const BinaryState& from : silent) {
      for (const Word& word : Menu(from, sent, certificate)) {
        BinaryState to = from;
        const bool speaks = Deliver(word, to);
        if (!speaks) {
          if (seen.try_emplace(to.heard.bits(), true).second) next.push_back(std::move(to));
          continue;
        }
        // Sets come by size, so a lesser one was found before.
        const bool least = std::ranges::none_of(found, [&](const BinaryState& one) {
          return one.said == to.said && to.heard.Includes(one.heard);
        });
        if (!least) continue;
        // It would go on to a round that is not explored. All that it can contribute to those before
        // it can say before that, too.
        if (to.said.Began(last_round_ + 1)) continue;
        found.push_back(std::move(to));
      }
    }
    std::swap(silent, next);
  }
  std::vector<Id> ids;
  for (BinaryState& state : found) ids.push_back(Intern(std::move(state)));
  return steps_.emplace(key, std::move(ids)).first->second;
}

bool BinaryNode::Waits(Id id, const Heard& sent, bool certificate) {
  const Key key{id, sent.bits(), certificate};
  if (const auto it = waits_.find(key); it != waits_.end()) return it->second;
  const bool waits = Silent(states_[id], sent, certificate, true) ||
                     Silent(states_[id], sent, certificate, false);
  waits_.emplace(key, waits);
  return waits;
}

bool BinaryNode::Silent(BinaryState state, const Heard& sent, bool certificate,
                        bool decided_first) const {
  using Type = Word::Type;
  std::vector<Word> words;
  const auto decided = [&] {
    for (int sender = 0; sender < kHonest; ++sender) {
      if (sent.Decided(sender) != 0 && state.heard.Decided(sender) == 0) {
        words.push_back(Make(Type::kDecided, sender, 0, sent.Decided(sender)));
      }
    }
  };
  if (decided_first) decided();
  for (uint32_t round = first_round_; round <= last_round_; ++round) {
    for (int sender = 0; sender < kHonest; ++sender) {
      if (sent.Aux(sender, round) != 0 && state.heard.Aux(sender, round) == 0) {
        words.push_back(Make(Type::kAux, sender, round, sent.Aux(sender, round)));
      }
    }
  }
  if (!decided_first) decided();
  if (certificate && !state.heard.certificate()) words.push_back(Make(Type::kCertificate));
  if (!state.heard.input()) words.push_back(Make(Type::kInput));
  for (uint32_t round = first_round_; round <= last_round_; ++round) {
    for (int sender = 0; sender < kHonest; ++sender) {
      for (bool value : {false, true}) {
        if (sent.Est(sender, round, value) && !state.heard.Est(sender, round, value)) {
          words.push_back(Make(Type::kEst, sender, round, Mask(value)));
        }
      }
    }
  }
  return std::ranges::none_of(words, [&](const Word& word) { return Deliver(word, state); });
}

}  // namespace decentd::explore
