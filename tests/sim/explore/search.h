// Breadth-first search through what three honest nodes and a liar can come to. A world is the state
// of each honest node; a council (binary_explorer.cc, set_explorer.cc) says how it begins, what
// each node's steps are, and what is wrong with it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "tests/sim/explore/node_states.h"

namespace decentd::explore {

// What each honest node has said; ascending, for they are alike.
using SaidByAll = std::array<uint64_t, kHonest>;

struct Finding {
  std::string what;
  std::vector<std::string> steps;  // how it came to that, one delivery a line
};

// How much is explored; 0: all there is.
struct Bounds {
  uint64_t states = 0;     // ends when there are more
  uint64_t per_depth = 0;  // so many of each depth are gone on from
};

struct Exploration {
  uint64_t states = 0, transitions = 0;
  uint64_t expanded = 0;  // states of which all steps were taken
  uint32_t depth = 0;     // steps of the longest way
  uint64_t quiet = 0;   // states from which nothing more comes although all was delivered
  size_t node_states = 0;
  bool complete = false;
  // All that honest nodes can have said together, to compare explorations; ascending.
  std::vector<SaidByAll> said;
  std::optional<Finding> finding;  // the first in breadth-first order; ends the exploration
};

// Called now and then with the number of states so far.
using Progress = std::function<void(uint64_t states)>;

// Who stands at each place, by letter, and whether the liar's proposals have changed names.
struct Names {
  std::string nodes = "XYZL";
  bool swapped = false;
};

using World = std::array<uint32_t, kHonest>;

template <class Council>
class Search {
 public:
  Search(Council& council, const Bounds& bounds) : council_(council), bounds_(bounds) {}

  Exploration Run(const Progress& progress) {
    constexpr uint64_t kProgressEvery = 100'000;
    Add(council_.Start(), 0);
    out_.complete = true;
    bool full = false;
    for (size_t begin = 0; begin < worlds_.size() && !full; ++out_.depth) {
      const size_t end = worlds_.size();
      const auto go_on = [&](size_t at) {
        full = full || out_.finding || (bounds_.states != 0 && worlds_.size() > bounds_.states);
        if (full) return;
        if (progress && out_.expanded % kProgressEvery == 0) progress(worlds_.size());
        Expand(at);
      };
      if (bounds_.per_depth == 0 || end - begin <= bounds_.per_depth) {
        for (size_t at = begin; at < end; ++at) go_on(at);
      } else {
        out_.complete = false;
        std::ranges::for_each(Some(begin, end), go_on);
      }
      begin = end;
    }
    out_.complete = out_.complete && !full && !out_.finding;
    out_.states = worlds_.size();
    out_.node_states = council_.nodes().size();
    Summarise();
    return std::move(out_);
  }

 private:
  // The ways to number the honest nodes and the liar's proposals, which are alike; `place` is told
  // where each node goes.
  World Turned(const World& world, int way, std::array<int, kHonest>* place = nullptr) {
    const int by = way % kHonest, image = way / kHonest;
    const bool mirrored = (image & kMirrored) != 0;
    World turned = world;
    if (mirrored) std::swap(turned[1], turned[2]);
    for (uint32_t& id : turned) id = council_.nodes().Image(id, image);
    std::ranges::rotate(turned, turned.begin() + by);
    for (int i = 0; place && i < kHonest; ++i) {
      const int from = mirrored ? (kHonest - i) % kHonest : i;
      (*place)[static_cast<size_t>(i)] = (from + kHonest - by) % kHonest;
    }
    return turned;
  }

  void Add(const World& raw, size_t from) {
    World world = raw;
    for (int way = 1; way < council_.ways(); ++way) world = std::min(world, Turned(raw, way));
    if (!known_.insert(world).second) return;
    worlds_.push_back(world);
    parents_.push_back(static_cast<uint32_t>(from));
    if (std::string wrong = council_.Wrong(world); !wrong.empty()) Find(worlds_.size() - 1, wrong);
  }

  // Of the worlds of one depth some, spread evenly and the same in each run.
  std::vector<size_t> Some(size_t begin, size_t end) const {
    std::vector<size_t> kept;
    for (size_t at = begin; at < end; ++at) kept.push_back(at);
    const auto mixed = [&](size_t at) {
      uint64_t hash = 0;
      for (const uint32_t id : worlds_[at]) {
        hash = (hash ^ id) * 0x9fb21c651e98df25ull;
        hash ^= hash >> 32;
      }
      return hash;
    };
    const auto middle = kept.begin() + static_cast<std::ptrdiff_t>(bounds_.per_depth);
    std::ranges::nth_element(kept, middle, {}, mixed);
    kept.erase(middle, kept.end());
    std::ranges::sort(kept);
    return kept;
  }

  void Expand(size_t at) {
    ++out_.expanded;
    const World world = worlds_[at];
    std::array<bool, kHonest> steps{};
    for (int i = 0; i < kHonest && !out_.finding; ++i) {
      council_.ForEachStep(world, i, [&](uint32_t id) {
        if (out_.finding) return;
        ++out_.transitions;
        steps[static_cast<size_t>(i)] = true;
        World next = world;
        next[static_cast<size_t>(i)] = id;
        Add(next, at);
      });
    }
    if (!out_.finding) LookWhetherQuiet(at, steps);
  }

  void LookWhetherQuiet(size_t at, const std::array<bool, kHonest>& steps) {
    std::array<Rest, kHonest> rests;
    int waiting = 0;
    for (int i = 0; i < kHonest; ++i) {
      Rest& rest = rests[static_cast<size_t>(i)];
      rest = council_.RestOf(worlds_[at], i);
      if (rest.speaks && !rest.beyond && !steps[static_cast<size_t>(i)]) {
        Find(at, "the explorer misses a step: an honest node has more to say");
      }
      if (rest.speaks) return;
      waiting += !rest.ended;
    }
    ++out_.quiet;
    if (waiting > 0) {
      return Find(at, std::to_string(waiting) +
                          " honest nodes wait for ever, although everything was delivered");
    }
    if (rests[0].result != rests[1].result || rests[0].result != rests[2].result) {
      Find(at, "honest nodes end differently");
    }
  }

  void Find(size_t at, std::string what) {
    if (out_.finding) return;
    out_.finding.emplace(Finding{std::move(what), {}});
    std::vector<size_t> path;
    for (; at != 0; at = parents_[at]) path.push_back(at);
    Names names;
    for (size_t from = 0; !path.empty(); path.pop_back()) {
      names = Tell(worlds_[from], worlds_[path.back()], names);
      from = path.back();
    }
  }

  // Adds the step from one kept world to the next in words; returns who stands where after it.
  Names Tell(const World& from, const World& to, const Names& names) {
    Names after = names;
    bool told = false;
    for (int i = 0; i < kHonest && !told; ++i) {
      const auto index = static_cast<size_t>(i);
      council_.ForEachStep(from, i, [&](uint32_t id) {
        if (told) return;
        World next = from;
        next[index] = id;
        std::array<int, kHonest> place{};
        int way = 0;
        while (way < council_.ways() && Turned(next, way, &place) != to) ++way;
        if (way == council_.ways()) return;
        told = true;
        Names seen = names;
        std::ranges::rotate(seen.nodes.begin(), seen.nodes.begin() + i,
                            seen.nodes.begin() + kHonest);
        out_.finding->steps.push_back(names.nodes.substr(index, 1) +
                                      council_.Told(from[index], id, seen));
        for (size_t k = 0; k < kHonest; ++k) {
          after.nodes[static_cast<size_t>(place[k])] = names.nodes[k];
        }
        after.swapped ^= (way / kHonest & kSwapped) != 0;
      });
    }
    return after;
  }

  void Summarise() {
    absl::flat_hash_set<SaidByAll> all;
    for (const World& kept : worlds_) {
      // Sorted it stands for all numberings of the nodes, not for both of the proposals.
      for (int way = 0; way < council_.ways(); way += kHonest * kSwapped) {
        const World world = Turned(kept, way);
        SaidByAll said{};
        for (size_t i = 0; i < kHonest; ++i) {
          said[i] = council_.nodes().state(world[i]).said.bits();
        }
        std::ranges::sort(said);
        all.insert(said);
      }
    }
    out_.said.assign(all.begin(), all.end());
    std::ranges::sort(out_.said);
  }

  Council& council_;
  const Bounds bounds_;
  std::vector<World> worlds_;
  std::vector<uint32_t> parents_;
  absl::flat_hash_set<World> known_;
  Exploration out_;
};

}  // namespace decentd::explore
