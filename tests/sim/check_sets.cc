// Claims about the sets that are agreed on, and about rounds coming to an end.
#include <map>
#include <tuple>

#include "node/codec/peer_codec.h"
#include "node/runtime/archive.h"
#include "tests/sim/checkers.h"

namespace decentd::sim {
namespace {

class Termination final : public Checker {
 public:
  Termination(const World& world, std::vector<Violation>* violations)
      : Checker("every round ends everywhere once the network heals (SPEC 6, 10, 12)", world,
                violations) {}
  void OnEnd(const World& world) override {
    if (!world.timed_out()) return;
    for (const RoundId& round : world.rounds()) {
      for (int node : world.Lacking(round)) {
        std::string why = "is down";
        if (world.node(node).up()) {
          const auto open = world.node(node).replica().OpenSummary(round, world.node(node).Clock());
          why = open ? "waits for " + open->waiting_for : "does not run it";
        }
        Fail("round " + Short(round) + " has not ended at node " + std::to_string(node) +
             ", which " + why);
      }
    }
  }
};

// Every record that an honest node stores verifies offline; on these the sets are looked at.
class Records final : public Checker {
 public:
  Records(const World& world, std::vector<Violation>* violations)
      : Checker(
            "every record verifies offline with q Decisions, and all are of one verdict (SPEC 9)",
            world, violations) {}
  void OnEnd(const World& world) override {
    for (const RoundId& round : world.rounds()) {
      std::optional<Verdict> verdict;
      for (int i = 0; i < world.plan().n; ++i) {
        if (!world.honest(i)) continue;
        const auto bytes = archive::ReadBundle(world.node(i).disk(), round);
        if (!bytes.ok()) continue;
        const auto checked = VerifyBundle(*bytes, &world.roster(), 0, world.cluster().scheme());
        if (!checked.ok()) {
          Fail("node " + std::to_string(i) + ", round " + Short(round) + ": " +
               std::string(checked.status().message()));
          continue;
        }
        if (!verdict) verdict = checked->verdict;
        if (*verdict != checked->verdict) Fail("two verdicts in records of round " + Short(round));
      }
    }
  }
};

// Follows each slot's certificate and votes at each honest node, and compares with the record.
class Sets final : public Checker {
 public:
  Sets(const World& world, std::vector<Violation>* violations, Violation gate)
      : Checker("a slot that f + 1 nodes hold certified before they vote 0 is in the set (SPEC 6)",
                world, violations),
        violations_(violations),
        gate_(std::move(gate)) {}

  void OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) override {
    using Type = RoundEvent::Type;
    if (event.type == Type::kAnswerCertified || event.type == Type::kSheetCertified) {
      certified_.emplace(std::tuple(round, Slot{event.phase, *event.node}, node.self()), number_);
    }
    if (event.type == Type::kPhaseClosed &&
        (event.closed == Closed::kSoft || event.closed == Closed::kAbsent)) {
      by_gate_.emplace(round, event.phase);
    }
  }
  void OnStepped(const Node&) override { ++number_; }
  void OnSaid(const Node& node, const AnyVerified& said) override {
    const auto* votes = std::get_if<Verified<Votes>>(&said);
    if (votes == nullptr) return;
    for (const Vote& vote : (*votes)->votes) {
      const Slot* slot = nullptr;
      if (const auto* est = std::get_if<vote::Est>(&vote); est && est->round == 1 && !est->value) {
        slot = &est->slot;
      }
      if (const auto* decided = std::get_if<vote::Decided>(&vote)) slot = &decided->slot;
      if (slot) zero_.emplace(std::tuple((*votes)->round, *slot, node.self()), number_);
    }
  }

  void OnEnd(const World& world) override {
    for (const RoundId& round : world.rounds()) {
      for (int i = 0; i < world.plan().n; ++i) {
        if (!world.honest(i)) continue;
        const auto bytes = archive::ReadBundle(world.node(i).disk(), round);
        if (!bytes.ok()) continue;
        const auto checked = VerifyBundle(*bytes, &world.roster(), 0, world.cluster().scheme());
        if (checked.ok()) Compare(round, *checked);
        break;
      }
    }
  }

 private:
  using Key = std::tuple<RoundId, Slot, NodeIndex>;

  void Compare(const RoundId& round, const CheckedBundle& record) {
    std::map<Phase, std::set<NodeIndex>> sets;
    std::map<Phase, int> usable;
    for (const auto& [author, propose] : record.answers) {
      sets[Phase::kAnswer].insert(author);
      usable[Phase::kAnswer] += propose.usable();
    }
    for (const auto& [author, propose] : record.sheets) {
      sets[Phase::kSheet].insert(author);
      usable[Phase::kSheet] += propose.usable();
    }
    for (Phase phase : {Phase::kAnswer, Phase::kSheet}) {
      const bool ran = phase == Phase::kAnswer || record.verdict.outcome != Outcome::kTooFewAnswers;
      if (!ran) continue;
      const Roster& roster = record.roster;
      if (by_gate_.contains({round, phase}) &&
          (static_cast<int>(sets[phase].size()) < roster.gate(phase) ||
           usable[phase] < roster.minimum(phase))) {
        gate_.text = "round " + Short(round) + ", phase " +
                     std::to_string(static_cast<int>(phase)) + ": a set of " +
                     std::to_string(sets[phase].size()) + ", usable " +
                     std::to_string(usable[phase]);
        gate_.at_ms = world_.now_ms();
        violations_->push_back(gate_);
      }
      roster.panel(phase).ForEach([&](NodeIndex author) {
        if (sets[phase].contains(author)) return;
        int holders = 0;
        for (uint16_t i = 0; i < roster.n(); ++i) {
          if (!world_.honest(i) || !Trusted(NodeIndex{i})) continue;
          const Key key(round, Slot{phase, author}, NodeIndex{i});
          const auto certified = certified_.find(key);
          const auto zero = zero_.find(key);
          holders += certified != certified_.end() && zero != zero_.end() &&
                     certified->second < zero->second && phase == Phase::kAnswer;
        }
        if (holders > roster.f()) {
          Fail("round " + Short(round) + ": the answer of node " + std::to_string(author.value) +
               " was certified at " + std::to_string(holders) +
               " honest nodes in time and left out");
        }
      });
    }
  }

  std::vector<Violation>* const violations_;
  Violation gate_;
  uint64_t number_ = 0;
  std::map<Key, uint64_t> certified_, zero_;
  std::set<std::pair<RoundId, Phase>> by_gate_;
};

}  // namespace

void AddSetCheckers(const World& world, std::vector<Violation>* violations, Checkers* out) {
  out->push_back(std::make_unique<Termination>(world, violations));
  out->push_back(std::make_unique<Records>(world, violations));
  out->push_back(std::make_unique<Sets>(
      world, violations,
      Violation{"a set is no smaller than the gate that closed it (SPEC 6)", "", 0}));
}

}  // namespace decentd::sim
