#include "tests/sim/explore/set_explorer.h"

#include <algorithm>

#include "tests/sim/explore/roster_of_four.h"
#include "tests/sim/explore/set_node.h"

namespace decentd::explore {
namespace {

class Council {
 public:
  explicit Council(const SetScope& scope)
      : scope_(scope),
        roster_(RosterOfFour(scope.panel)),
        messages_(roster_),
        rules_(roster_, messages_,
               {{1, scope.rounds, scope.reduce_votes, scope.liar_votes},
                scope.reduce,
                scope.two_proposals}),
        nodes_(rules_) {}

  NodeStates<SetRules>& nodes() { return nodes_; }
  int ways() const {
    if (!scope_.reduce) return 1;
    return kHonest * (scope_.two_proposals ? 4 : 2);
  }

  // Before a node enters nothing reaches it, and an honest node's proposal can come at once: no
  // later ENTER or ECHO lets anybody say more.
  World Start() {
    if (!scope_.reduce) return {};
    std::vector<Word> words{{Word::Type::kJoin}};
    for (int slot = 0; slot + 1 < scope_.panel; ++slot) {
      words.push_back({Word::Type::kPropose, 0, 0, kA, static_cast<uint8_t>(slot)});
    }
    const uint32_t id = nodes_.Follow(nodes_.first(), words);
    return {id, id, id};
  }

  template <class Visit>
  void ForEachStep(const World& world, int i, Visit visit) {
    SetSent sent = SentTo(i, world);
    for (size_t slot = 0; slot < kMostSlots; ++slot) sent.certificates[slot] = kA | kB;
    for (int group = 0; group < rules_.groups(); ++group) {
      const auto& steps =
          nodes_.Steps(world[static_cast<size_t>(i)], group, rules_.For(group, sent));
      for (uint32_t id : steps) visit(id);
    }
  }
  // Honest nodes relay certificates; while only the liar has one, it may keep it.
  Rest RestOf(const World& world, int i) {
    SetSent sent = SentTo(i, world);
    for (int slot = 0; slot < scope_.panel; ++slot) {
      sent.certificates[static_cast<size_t>(slot)] = Certified(world, slot);
    }
    return nodes_.RestOf(world[static_cast<size_t>(i)], sent);
  }

  std::string Wrong(const World& world) const {
    bool closed = false;
    for (int i = 0; i < kHonest; ++i) {
      if (!state(world, i).wrong.empty()) return "an honest node " + state(world, i).wrong;
      closed = closed || state(world, i).code.closed() != Closed::kNone;
    }
    for (int slot = 0; slot < scope_.panel; ++slot) {
      const ValueMask certified = Certified(world, slot);
      ValueMask decided = 0;
      bool zero = false;
      std::array<int, 4> echoes{};
      for (int i = 0; i < kHonest; ++i) {
        const SetSaid& said = state(world, i).said;
        decided |= said.votes(slot).Decided();
        zero = zero || said.votes(slot).Est(1, false);
        ++echoes[said.echo(slot)];
      }
      if (certified == 3) return "two proposals of a slot are certified";
      if (decided == 3) return "honest nodes decide a slot differently";
      if (decided == 2 && certified == 0) return "1 is decided without a certificate";
      if (certified != 0 && echoes[certified] < roster_.quorum() - roster_.f()) {
        return "a certificate is held that too few honest nodes signed";
      }
      if ((zero || decided == 1) && !closed) return "0 comes up that no honest node input";
    }
    return "";
  }

  std::string Told(uint32_t from, uint32_t to, const Names& names) const {
    const SetRules::State &before = nodes_.state(from), &after = nodes_.state(to);
    const SetNames of{std::string("ZL").substr(static_cast<size_t>(2 - scope_.panel)), names.nodes,
                      names.swapped};
    const std::string said = News(before.said, after.said, of);
    return " receives " + News(before.heard, after.heard, of) + " and " +
           (said.empty() ? "says again what it said" : "says " + said);
  }

 private:
  const SetRules::State& state(const World& world, int i) const {
    return nodes_.state(world[static_cast<size_t>(i)]);
  }

  SetSent SentTo(int node, const World& world) const {
    SetSent sent;
    for (int i = 0; i < kHonest; ++i) {
      const SetSaid& said = state(world, (node + i) % kHonest).said;
      if (said.entered()) sent.entered_by |= static_cast<uint8_t>(1 << i);
      for (int slot = 0; slot < scope_.panel; ++slot) {
        const auto at = static_cast<size_t>(slot);
        sent.broadcasts[at].SetEcho(i, said.echo(slot));
        Heard votes(sent.votes[at]);
        AddSaid(said.votes(slot), i, scope_.rounds, votes);
        sent.votes[at] = votes.bits();
      }
    }
    return sent;
  }

  // Whichever proposals honest nodes hold certificates of.
  ValueMask Certified(const World& world, int slot) const {
    ValueMask certified = 0;
    for (int i = 0; i < kHonest; ++i) {
      certified |= state(world, i).heard.broadcasts[static_cast<size_t>(slot)].certified();
    }
    return certified;
  }

  const SetScope scope_;
  const Roster roster_;
  SetMessages messages_;
  const SetRules rules_;
  NodeStates<SetRules> nodes_;
};

}  // namespace

Exploration ExploreSet(const SetScope& scope, const Progress& progress) {
  Council council(scope);
  return Search(council, scope.bounds).Run(progress);
}

bool AllEntered(const SaidByAll& said) {
  return std::ranges::all_of(said, [](uint64_t bits) { return (bits >> 48 & 1) != 0; });
}

}  // namespace decentd::explore
