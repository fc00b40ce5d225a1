#include <algorithm>
#include <array>

#include "node/core/aggregate/ranking.h"
#include "node/core/limits.h"

namespace decentd::aggregate {
namespace {

// One rival's attempts on a table of its own, of which only two columns ever change.
class Rewriting {
 public:
  Rewriting(Rule rule, const ScoreTable& table, const Order& order, size_t winner, size_t rival)
      : rule_(rule), original_(table), order_(order), winner_(winner), rival_(rival) {
    for (size_t e = 0; e < table.judges(); ++e) victims_.push_back(e);
    std::stable_sort(victims_.begin(), victims_.end(),
                     [&](size_t a, size_t b) { return Favour(a) > Favour(b); });
  }

  // Whether the rival ranks above the winner once the first `count` sheets are rewritten.
  bool Succeeds(size_t count) const {
    ScoreTable table = original_;
    for (size_t v = 0; v < count; ++v) {
      for (size_t c = 0; c < table.criteria(); ++c) {
        table.Rewrite(victims_[v], winner_, c, 0);
        table.Rewrite(victims_[v], rival_, c, limits::kMaxScore);
      }
    }
    const std::array<size_t, 2> both{winner_, rival_};
    const std::vector<Score> scores = ScoresBy(rule_, table, both);
    return order_.Better(rival_, scores[1], winner_, scores[0]);
  }

 private:
  int64_t Favour(size_t judge) const {
    return original_.Total(judge, winner_) - original_.Total(judge, rival_);
  }

  Rule rule_;
  const ScoreTable& original_;
  const Order& order_;
  size_t winner_, rival_;
  std::vector<size_t> victims_;
};

}  // namespace

int FlipMargin(Rule rule, const ScoreTable& table, const Order& order, size_t winner) {
  size_t best = table.judges() + 1;
  for (size_t rival = 0; rival < table.answers(); ++rival) {
    if (rival == winner) continue;
    const Rewriting rewriting(rule, table, order, winner, rival);
    // Most rivals are dismissed by one look: they cannot do it with less than the best so far.
    if (best == 1 || !rewriting.Succeeds(best - 1)) continue;
    size_t fails = 0, succeeds = best - 1;  // with none rewritten the winner is the winner
    while (succeeds - fails > 1) {
      const size_t middle = fails + (succeeds - fails) / 2;
      (rewriting.Succeeds(middle) ? succeeds : fails) = middle;
    }
    best = succeeds;
  }
  return static_cast<int>(best);
}

}  // namespace decentd::aggregate
