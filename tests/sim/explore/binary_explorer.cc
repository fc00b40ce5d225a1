#include "tests/sim/explore/binary_explorer.h"

#include <algorithm>
#include <array>

#include <absl/container/flat_hash_set.h>

#include "tests/sim/explore/roster_of_four.h"

namespace decentd::explore {
namespace {

using World = std::array<BinaryNode::Id, kHonest>;
constexpr uint64_t kProgressEvery = 100'000;

class Explorer {
 public:
  explicit Explorer(const BinaryScope& scope)
      : scope_(scope), roster_(RosterOfFour()), node_(roster_, scope.first, scope.last, scope.reduce) {}

  Exploration Run(const std::function<void(uint64_t)>& progress) {
    Add(scope_.first == 1 ? World{node_.first(), node_.first(), node_.first()} : SecondRound(), 0);
    for (size_t at = 0; at < worlds_.size() && !out_.finding; ++at) {
      if (progress && at % kProgressEvery == 0) progress(worlds_.size());
      if (scope_.most_states != 0 && worlds_.size() > scope_.most_states) break;
      Expand(at);
      out_.complete = at + 1 == worlds_.size();
    }
    out_.complete &= !out_.finding;
    out_.states = worlds_.size();
    out_.node_states = node_.size();
    Summarise();
    return std::move(out_);
  }

 private:
  // X and Y input 0; Z, which relayed their EST, then gets the certificate, and all get it in the end.
  World SecondRound() {
    using Type = BinaryWord::Type;
    World world{};
    for (int i = 0; i < kHonest; ++i) {
      const auto from = [i](Type type, int sender, ValueMask values) {
        const int seen = sender == kLiar ? kLiar : (sender - i + kHonest) % kHonest;
        return BinaryWord{type, static_cast<uint8_t>(seen), 1, values};
      };
      std::vector<BinaryWord> words;
      if (i != 2) words.push_back({Type::kInput});
      for (int sender = 0; sender < kHonest; ++sender) words.push_back(from(Type::kEst, sender, 1));
      words.push_back({Type::kCertificate});
      if (i == 2) words.push_back({Type::kInput});
      words.push_back(from(Type::kAux, 0, 1));
      words.push_back(from(Type::kAux, 1, 1));
      words.push_back(scope_.estimates[static_cast<size_t>(i)] ? from(Type::kAux, 2, 3)
                                                               : from(Type::kAux, kLiar, 1));
      world[static_cast<size_t>(i)] = node_.Follow(node_.first(), words);
    }
    return world;
  }

  const BinaryState& state(const World& world, int i) const {
    return node_.state(world[static_cast<size_t>(i)]);
  }

  // The six ways to number the honest nodes, which are alike; `place` is told where each node goes.
  World Turned(const World& world, int way, std::array<int, kHonest>* place = nullptr) {
    const int by = way % kHonest;
    const bool mirrored = way >= kHonest;
    World turned = world;
    if (mirrored) turned = {node_.Mirror(world[0]), node_.Mirror(world[2]), node_.Mirror(world[1])};
    std::ranges::rotate(turned, turned.begin() + by);
    for (int i = 0; place && i < kHonest; ++i) {
      const int from = mirrored ? (kHonest - i) % kHonest : i;
      (*place)[static_cast<size_t>(i)] = (from + kHonest - by) % kHonest;
    }
    return turned;
  }
  int ways() const { return scope_.reduce ? 2 * kHonest : 1; }

  void Add(const World& raw, size_t from) {
    World world = raw;
    for (int way = 1; way < ways(); ++way) world = std::min(world, Turned(raw, way));
    if (!known_.insert(world).second) return;
    worlds_.push_back(world);
    parents_.push_back(static_cast<uint32_t>(from));
    Judge(worlds_.size() - 1);
  }

  void Expand(size_t at) {
    const World world = worlds_[at];
    const bool held = Held(world);
    bool quiet = true;
    for (int i = 0; i < kHonest; ++i) {
      const auto index = static_cast<size_t>(i);
      const Heard sent = SentTo(i, world);
      for (BinaryNode::Id id : node_.Steps(world[index], sent, scope_.certificate)) {
        ++out_.transitions;
        World next = world;
        next[index] = id;
        Add(next, at);
        if (out_.finding) return;
      }
      // Honest nodes relay the certificate; while only the liar has it, it may keep it.
      quiet = quiet && node_.Waits(world[index], sent, held);
    }
    if (quiet) Quiet(at);
  }

  Heard SentTo(int node, const World& world) const {
    Heard sent;
    for (int i = 0; i < kHonest; ++i) {
      const Said& said = state(world, (node + i) % kHonest).said;
      for (uint32_t round = 1; round <= scope_.last; ++round) {
        for (bool value : {false, true}) {
          if (said.Est(round, value)) sent.AddEst(i, round, value);
        }
        sent.AddAux(i, round, said.Aux(round));
      }
      sent.AddDecided(i, said.Decided());
    }
    return sent;
  }
  bool Held(const World& world) const {
    for (int i = 0; i < kHonest; ++i) {
      if (state(world, i).heard.certificate()) return true;
    }
    return false;
  }

  void Judge(size_t at) {
    const World& world = worlds_[at];
    ValueMask decided = 0;
    for (int i = 0; i < kHonest; ++i) {
      decided |= state(world, i).said.Decided();
      if (!state(world, i).twice.empty()) {
        return Find(at, "an honest node says twice " + state(world, i).twice);
      }
    }
    if (decided == 3) return Find(at, "honest nodes decide differently");
    if (decided == 2 && !scope_.certificate) Find(at, "1 is decided without a certificate");
  }

  void Quiet(size_t at) {
    const World& world = worlds_[at];
    ++out_.quiet;
    int waiting = 0;
    for (int i = 0; i < kHonest; ++i) {
      waiting += state(world, i).said.Decided() == 0;
    }
    if (waiting == 0) return;
    Find(at, std::to_string(waiting) +
                 " honest nodes wait for ever, although everything was delivered");
  }

  void Find(size_t at, std::string what) {
    if (out_.finding) return;
    out_.finding.emplace(Finding{std::move(what), {}});
    std::vector<size_t> path;
    for (; at != 0; at = parents_[at]) path.push_back(at);
    std::string names = "XYZ";  // by place
    for (size_t from = 0; !path.empty(); path.pop_back()) {
      names = Tell(worlds_[from], worlds_[path.back()], names);
      from = path.back();
    }
  }

  // Adds the step from one kept world to the next in words; returns who stands where after it.
  std::string Tell(const World& from, const World& to, const std::string& names) {
    for (int i = 0; i < kHonest; ++i) {
      const auto index = static_cast<size_t>(i);
      for (BinaryNode::Id id : node_.Steps(from[index], SentTo(i, from), scope_.certificate)) {
        World next = from;
        next[index] = id;
        std::array<int, kHonest> place{};
        int way = 0;
        while (way < ways() && Turned(next, way, &place) != to) ++way;
        if (way == ways()) continue;
        std::string seen = "...L";
        for (size_t k = 0; k < kHonest; ++k) seen[k] = names[(index + k) % kHonest];
        const BinaryState& before = state(from, i);
        const BinaryState& after = node_.state(id);
        out_.finding->steps.push_back(std::string(1, names[index]) + " receives " +
                                      News(before.heard, after.heard, seen) + " and says " +
                                      News(before.said, after.said));
        std::string moved = names;
        for (size_t k = 0; k < kHonest; ++k) moved[static_cast<size_t>(place[k])] = names[k];
        return moved;
      }
    }
    return names;
  }

  void Summarise() {
    absl::flat_hash_set<SaidByAll> all;
    for (const World& world : worlds_) {
      SaidByAll said{};
      for (int i = 0; i < kHonest; ++i) said[static_cast<size_t>(i)] = state(world, i).said.bits();
      std::ranges::sort(said);
      all.insert(said);
    }
    out_.said.assign(all.begin(), all.end());
    std::ranges::sort(out_.said);
  }

  const BinaryScope scope_;
  const Roster roster_;
  BinaryNode node_;
  std::vector<World> worlds_;
  std::vector<uint32_t> parents_;
  absl::flat_hash_set<World> known_;
  Exploration out_;
};

}  // namespace

Exploration ExploreBinary(const BinaryScope& scope,
                          const std::function<void(uint64_t)>& progress) {
  return Explorer(scope).Run(progress);
}

}  // namespace decentd::explore
