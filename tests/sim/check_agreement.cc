// Claims about the votes of binary agreements.
#include <map>

#include "tests/sim/checkers.h"

namespace decentd::sim {
namespace {

// What a node hears cannot be seen here, but what was said can: of 2f+1 EST for a value all but
// those of liars were said by honest nodes, an EST or the DECIDED that stands for it.
class Justified final : public Checker {
 public:
  Justified(const World& world, std::vector<Violation>* violations)
      : Checker("AUX holds what 2f+1 nodes said EST or DECIDED for, and 1 by a certificate (SPEC 5)",
                world, violations),
        enough_(2 * world.roster().f() + 1 - Liars(world)) {}

  void OnSaid(const Node& node, const AnyVerified& said) override {
    const auto* votes = std::get_if<Verified<Votes>>(&said);
    if (votes == nullptr) return;
    const NodeIndex from = node.self();
    const RoundId& round = (*votes)->round;
    for (const Vote& vote : (*votes)->votes) {
      if (const auto* est = std::get_if<vote::Est>(&vote)) {
        est_[{round, est->slot, est->round, est->value}].Add(from);
      } else if (const auto* decided = std::get_if<vote::Decided>(&vote)) {
        est_[{round, decided->slot, kEveryRound, decided->value}].Add(from);
      }
    }
    for (const Vote& vote : (*votes)->votes) {
      if (const auto* aux = std::get_if<vote::Aux>(&vote)) Check(from, round, *aux);
    }
  }

 private:
  // Round, slot, binary round, value.
  using Key = std::tuple<RoundId, Slot, uint32_t, bool>;
  static constexpr uint32_t kEveryRound = 0;

  static int Liars(const World& world) {
    int liars = 0;
    for (int i = 0; i < world.plan().n; ++i) liars += !world.honest(i);
    return liars;
  }

  void Check(NodeIndex node, const RoundId& round, const vote::Aux& aux) {
    for (const bool value : {false, true}) {
      if ((aux.values >> value & 1) == 0 || (aux.round == 1 && value)) continue;
      const int said = (Of(round, aux, aux.round, value) | Of(round, aux, kEveryRound, value)).Size();
      if (said >= enough_) continue;
      Fail("node " + std::to_string(node.value) + " says AUX[" + std::to_string(aux.round) +
           "] with " + std::to_string(value) + " for the slot of " +
           std::to_string(aux.slot.author.value) + " in round " + Short(round) + " after " +
           std::to_string(said) + " honest nodes said EST for it");
    }
  }
  NodeSet Of(const RoundId& round, const vote::Aux& aux, uint32_t binary_round, bool value) const {
    const auto found = est_.find({round, aux.slot, binary_round, value});
    return found == est_.end() ? NodeSet() : found->second;
  }

  const int enough_;
  std::map<Key, NodeSet> est_;
};

}  // namespace

void AddAgreementCheckers(const World& world, std::vector<Violation>* violations, Checkers* out) {
  out->push_back(std::make_unique<Justified>(world, violations));
}

}  // namespace decentd::sim
