// The nodes of a cluster and what all of them must agree on (docs/SPEC.md, section 1). Values;
// cluster_id is the SHA-256 of CanonicalBytes, and is in the domain of every signature.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "crypto/signer.h"
#include "node/core/ids.h"

namespace decentd {

enum class Rule : uint8_t {
  kGeometricMedian = 1,
  kCentredGeometricMedian = 2,
  kDuels = 3,
  kCoordinateMedian = 4,
  kTrimmedMean = 5,
  kMedianOfTotals = 6,
  kKrum = 7,
  kUnsafeMean = 8,
};

struct RosterNode {
  std::string name;                    // 1 to 64 characters of a-z 0-9 - _ . and distinct
  PublicKey key;                       // distinct
  std::vector<std::string> addresses;  // host:port; not part of cluster_id: a node may move
  bool worker = true;
  bool evaluator = true;
  std::string owner;         // may be empty
  std::string model_family;  // may be empty
};

// Milliseconds. Soft and hard are the defaults that a query may change; min_* are the lower bounds.
struct PhaseDeadlines {
  uint32_t soft_ms = 0;
  uint32_t hard_ms = 0;
  uint32_t min_soft_ms = 0;
  uint32_t min_hard_ms = 0;
};

// The five criteria of the paper, section III.
std::vector<std::string> PaperCriteria();

struct RosterParameters {
  Rule rule = Rule::kGeometricMedian;
  std::vector<std::string> criteria = PaperCriteria();  // 1 to 32, distinct
  PhaseDeadlines answer{30'000, 120'000, 1'000, 2'000};
  PhaseDeadlines sheet{30'000, 120'000, 1'000, 2'000};
  uint32_t absent_after_ms = 2'000;
  uint32_t hint_base_ms = 100;                     // T_0 of the binary agreement
  uint64_t longest_lifetime_ms = 60 * 60 * 1'000;  // of a query: expiry at most this far ahead
  uint32_t rounds_per_sponsor = 64;                // one node's share of the rounds in flight
  int faulty_workers = -1;                         // f_W; -1 = the default of the SPEC
  int faulty_evaluators = -1;                      // f_E
  bool drop_same_owner = false;   // a sheet's score for an answer of the same owner is dropped
  bool drop_same_family = false;  // likewise for the same model family
};

// Name as written in roster.yaml ("geometric_median"), and back; empty for a value that is no rule,
// nothing for an unknown name.
std::string RuleName(Rule rule);
std::optional<Rule> RuleFromName(std::string_view name);

// Immutable once made, a value, thread-safe. REQUIRES of the constructor: Problem(...) is empty;
// anything else ends the process.
class Roster {
 public:
  Roster(uint32_t epoch, std::vector<RosterNode> nodes, RosterParameters parameters);

  // Why these cannot be a roster ("two nodes have the name ..."), or empty. Addresses are not
  // looked at: they are no part of what nodes must agree on. One to three nodes tolerate no fault
  // (f = 0).
  static std::string Problem(const std::vector<RosterNode>& nodes, const RosterParameters& p);

  uint32_t epoch() const { return epoch_; }
  const std::vector<RosterNode>& nodes() const { return nodes_; }
  const RosterNode& node(NodeIndex i) const { return nodes_[i.value]; }
  const RosterParameters& parameters() const { return parameters_; }

  int n() const { return static_cast<int>(nodes_.size()); }
  int f() const { return limits::Faulty(n()); }
  int quorum() const { return limits::Quorum(n()); }

  // The panel of a phase (workers or evaluators), how many of it may be faulty (f_W, f_E), the
  // gate, and how many usable (not Abstain) payloads a phase needs (min_answers, min_sheets).
  const NodeSet& panel(Phase phase) const;
  int panel_size(Phase phase) const;
  int panel_faulty(Phase phase) const;
  int gate(Phase phase) const;
  int minimum(Phase phase) const;

  // The roster as a round sees it whose query asks for a committee: the same council, with each
  // panel of more than `size` members narrowed to as many, drawn by lot. 0 = all.
  Roster Committee(const RoundId& round, uint32_t size) const;

  const Digest& cluster_id() const { return cluster_id_; }
  std::string CanonicalBytes() const;  // the input of cluster_id; without addresses
  // The roster's canonical bytes back to a roster without addresses; nothing when not canonical.
  static std::optional<Roster> FromCanonicalBytes(std::string_view bytes);

  std::optional<NodeIndex> FindKey(const PublicKey& key) const;
  std::optional<NodeIndex> FindName(std::string_view name) const;

 private:
  uint32_t epoch_;
  std::vector<RosterNode> nodes_;
  RosterParameters parameters_;
  NodeSet workers_, evaluators_;
  int faulty_workers_ = 0, faulty_evaluators_ = 0;
  Digest cluster_id_;
};

}  // namespace decentd
