// One node's agreement on a set, of answers unless said otherwise, fed with what others signed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "node/core/set_agreement.h"
#include "tests/core/signed.h"

namespace decentd::testing {

class OneNode {
 public:
  template <class Adjust>
  OneNode(int n, Phase phase, Adjust adjust)
      : cluster(n, adjust), phase(phase), set(cluster.roster(), At(0), phase, 1000, 5000) {}
  explicit OneNode(int n)
      : OneNode(n, Phase::kAnswer, [](std::vector<RosterNode>&, RosterParameters&) {}) {}

  void Enter() {
    set.Enter([](const Propose&) { return true; }, out);
    Vote(0, {vote::Enter{phase}});
  }
  void Vote(int from, std::vector<decentd::Vote> votes) {
    set.OnVotes(cluster.Voted(from, round, seq++, std::move(votes)), out);
  }
  void EnterOthers(int count) {
    for (int i = 1; i <= count; ++i) Vote(i, {vote::Enter{phase}});
  }
  // The slot's certificate and payload are here.
  void Certify(int author, bool usable = true) {
    const auto payload = !usable                   ? cluster.Abstained(author, round, phase)
                         : phase == Phase::kAnswer ? cluster.Answered(author, round)
                                                   : cluster.Scored(author, round);
    set.OnPropose(payload, out);
    set.OnCertificate(cluster.Certify(round, SlotOf(author), payload.body_digest(), seq++), out);
  }
  void Decide(int author, bool value) {
    for (int i = 1; i <= cluster.roster().f() + 1; ++i) {
      Vote(i, {vote::Decided{SlotOf(author), value}});
    }
  }
  // The slots of the first so many authors are in the set.
  void Include(int count) {
    for (int i = 0; i < count; ++i) {
      Certify(i);
      Decide(i, true);
    }
  }
  void Unlink(std::initializer_list<int> nodes) {
    NodeSet unlinked;
    for (const int node : nodes) unlinked.Add(At(node));
    set.OnUnlinked(unlinked, out);
  }
  void Fire(TimerType type) {
    const auto it =
        std::ranges::find_if(out.timers, [&](const auto& timer) { return timer.key.type == type; });
    ASSERT_NE(it, out.timers.end()) << "this timer was not asked for";
    const TimerKey key = it->key;
    out.timers.erase(it);
    set.OnTimer(key, out);
  }
  bool Timed(TimerType type) const {
    return std::ranges::any_of(out.timers, [&](const auto& t) { return t.key.type == type; });
  }
  // Slots that got input 0: an EST(0) of round 1 was said before anyone else's.
  int ZeroInputs() const {
    return static_cast<int>(std::ranges::count_if(out.votes, [](const decentd::Vote& vote) {
      const auto* est = std::get_if<vote::Est>(&vote);
      return est != nullptr && est->round == 1 && !est->value;
    }));
  }
  int Echoes() const {
    return static_cast<int>(std::ranges::count_if(out.votes, [](const decentd::Vote& vote) {
      return std::holds_alternative<vote::Echo>(vote);
    }));
  }
  Slot SlotOf(int author) const { return {phase, At(author)}; }

  SignedCluster cluster;
  const Phase phase;
  const RoundId round = TestRound("set");
  SetAgreement set;
  Effects out;
  uint64_t seq = 0;
};

}  // namespace decentd::testing
