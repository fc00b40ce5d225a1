// Everything that is decided about a run before it begins, made from a seed: the cluster, the
// questions, what breaks when, who lies how. A plan is plain data, so that a shrinker can leave
// parts of it out and a person can read what happened. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/core/roster.h"
#include "node/runtime/archive.h"

namespace decentd::sim {

struct Question {
  int64_t at_ms = 0;
  int node = 0;       // whom the client asks
  int committee = 0;  // 0 = the whole panels
};

struct Fault {
  enum class Type {
    kCrash,       // the nodes stop, and start again at the end
    kCut,         // nothing passes between the two sides; a node on both sides stays linked to all
    kOneWay,      // nothing passes from the first side to the second
    kSlow,        // all that the nodes send and receive takes `amount` ms longer
    kBreakLinks,  // links of the nodes break once, and come back
    kDiskFull,    // writes are refused
    kDiskBroken,  // a write fails; the operator starts the node again at the end
    kOldCopy,     // the nodes stop; their disk is what it was `amount` ms before
    kLostDisk,    // the nodes stop; the disk is new, and the operator says so
    kClockJump,   // the clock of the day jumps by `amount` ms
  };
  Type type = Type::kCrash;
  int64_t from_ms = 0, until_ms = 0;
  std::vector<int> nodes, others;
  int64_t amount = 0;
};

struct Liar {
  std::string strategy;    // adversaries.h
  std::vector<int> nodes;  // whose keys it holds
};

struct LinkPlan {
  int64_t shortest_ms = 1, longest_ms = 20;
  int lost_permille = 0, twice_permille = 0;
};

struct ModelPlan {
  int64_t shortest_ms = 10, longest_ms = 500;
  int fails_permille = 0, garbage_permille = 0, silent_permille = 0;
};

// What nodes keep, and for how long.
struct KeepPlan {
  Retention retention;
  int64_t lifetime_ms = 30 * 60 * 1'000;  // of a query; no record is discarded before
  size_t verifier_cache = 1 << 14;        // envelopes
};

struct Plan {
  uint64_t seed = 0;
  int n = 4;
  RosterParameters parameters;
  std::vector<int> only_workers, only_evaluators;
  bool real_signatures = false;
  int64_t longest_sync_ms = 3;
  LinkPlan links;
  ModelPlan models;
  std::map<int, ModelPlan> models_of;  // nodes whose models are others
  KeepPlan keep;
  std::vector<Question> questions;
  std::vector<Fault> faults;
  std::vector<Liar> liars;
  int64_t held_up_until_ms = 0;  // liars may delay frames between honest nodes

  // From then on nothing breaks any more, and what was promised has to come true.
  int64_t HealedAt() const;
  // Nodes of liars, and nodes that forget: these count towards f.
  std::set<int> Faulty() const;
  bool Lies(int node) const;
  const ModelPlan& ModelsOf(int node) const;
  // In words, one part a line, each with the name that `without` takes.
  std::string Describe() const;
};

// What is changed about the plan of a seed, so that a failure is shown in fewer parts.
struct Changes {
  std::optional<int> n;
  std::optional<std::string> liars;  // as many as there may be, and this is what all of them do
  std::set<std::string> without;     // parts by name: q0, f2, l0
};

// The plan of a seed. Strategies: those of adversaries.h that may be drawn.
Plan MakePlan(uint64_t seed, const Changes& changes = {});

}  // namespace decentd::sim
