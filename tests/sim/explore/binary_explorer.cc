#include "tests/sim/explore/binary_explorer.h"

#include "tests/sim/explore/binary_node.h"
#include "tests/sim/explore/roster_of_four.h"

namespace decentd::explore {
namespace {

class Council {
 public:
  explicit Council(const BinaryScope& scope)
      : scope_(scope),
        roster_(RosterOfFour()),
        rules_(roster_, {.first = scope.first, .last = scope.last, .reduce = scope.reduce}),
        nodes_(rules_) {}

  NodeStates<BinaryRules>& nodes() { return nodes_; }
  int ways() const { return scope_.reduce ? 2 * kHonest : 1; }

  World Start() { return scope_.first == 1 ? World{} : SecondRound(); }

  template <class Visit>
  void ForEachStep(const World& world, int i, Visit visit) {
    const BinaryRules::Sent sent{SentTo(i, world), scope_.certificate};
    for (uint32_t id : nodes_.Steps(world[static_cast<size_t>(i)], 0, sent)) visit(id);
  }
  // Honest nodes relay the certificate; while only the liar has it, it may keep it.
  Rest RestOf(const World& world, int i) {
    return nodes_.RestOf(world[static_cast<size_t>(i)], {SentTo(i, world), Held(world)});
  }

  std::string Wrong(const World& world) const {
    ValueMask decided = 0;
    for (int i = 0; i < kHonest; ++i) {
      decided |= state(world, i).said.Decided();
      if (!state(world, i).wrong.empty()) return "an honest node " + state(world, i).wrong;
    }
    if (decided == 3) return "honest nodes decide differently";
    if (decided == 2 && !scope_.certificate) return "1 is decided without a certificate";
    return "";
  }

  std::string Told(uint32_t from, uint32_t to, const Names& names) const {
    const auto &before = nodes_.state(from), &after = nodes_.state(to);
    return " receives " + News(before.heard, after.heard, names.nodes) + " and says " +
           News(before.said, after.said);
  }

 private:
  // X and Y input 0; Z, which relayed their EST, then gets the certificate, and all get it in the
  // end.
  World SecondRound() {
    using Type = Word::Type;
    World world{};
    for (int i = 0; i < kHonest; ++i) {
      const auto from = [i](Type type, int sender, ValueMask values) {
        const int seen = sender == kLiar ? kLiar : (sender - i + kHonest) % kHonest;
        return Word{type, static_cast<uint8_t>(seen), 1, values};
      };
      std::vector<Word> words;
      if (i != 2) words.push_back({Type::kInput});
      for (int sender = 0; sender < kHonest; ++sender) words.push_back(from(Type::kEst, sender, 1));
      words.push_back({Type::kCertificate});
      if (i == 2) words.push_back({Type::kInput});
      words.push_back(from(Type::kAux, 0, 1));
      words.push_back(from(Type::kAux, 1, 1));
      words.push_back(scope_.estimates[static_cast<size_t>(i)] ? from(Type::kAux, 2, 3)
                                                               : from(Type::kAux, kLiar, 1));
      world[static_cast<size_t>(i)] = nodes_.Follow(nodes_.first(), words);
    }
    return world;
  }

  const BinaryRules::State& state(const World& world, int i) const {
    return nodes_.state(world[static_cast<size_t>(i)]);
  }

  uint64_t SentTo(int node, const World& world) const {
    Heard sent;
    for (int i = 0; i < kHonest; ++i) {
      AddSaid(state(world, (node + i) % kHonest).said, i, scope_.last, sent);
    }
    return sent.bits();
  }
  bool Held(const World& world) const {
    for (int i = 0; i < kHonest; ++i) {
      if (state(world, i).heard.certificate()) return true;
    }
    return false;
  }

  const BinaryScope scope_;
  const Roster roster_;
  const BinaryRules rules_;
  NodeStates<BinaryRules> nodes_;
};

}  // namespace

Exploration ExploreBinary(const BinaryScope& scope, const Progress& progress) {
  Council council(scope);
  return Search(council, scope.bounds).Run(progress);
}

}  // namespace decentd::explore
