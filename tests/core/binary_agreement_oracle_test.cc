// The production binary agreement beside the naive one: after every event of thousands of made-up
// histories, of honest nodes and of liars in any number, both have said, timed and decided the
// same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "tests/core/binary_agreement_net.h"
#include "tests/core/naive_binary_agreement.h"
#include "tests/core/vote_text.h"

namespace decentd::testing {
namespace {

// How the others of one history speak: chances of 1000, and how far they run ahead.
struct Manner {
  uint32_t one;       // a value is 1
  uint32_t both;      // an AUX holds both
  uint32_t decided;   // a vote is a DECIDED
  uint32_t timers;    // a wait that was begun is over
  uint32_t own;       // a vote of the node's own comes back
  uint32_t stray;     // a round is any, not one near the node's own
};

class Twins {
 public:
  Twins(int n, uint64_t seed)
      : random_(seed),
        n_(n),
        roster_(PlainRoster(n)),
        slot_{Phase::kAnswer, Node(Below(n))},
        real_(roster_, Node(0), slot_),
        naive_(n, roster_.parameters().hint_base_ms, 0, slot_) {
    const auto any = [&](std::vector<uint32_t> of) { return of[random_() % of.size()]; };
    manner_ = {any({100, 500, 500, 900}), any({0, 100, 600}), any({0, 0, 10, 60}),
               any({20, 200}),            any({50, 300}),     any({0, 0, 50})};
  }

  // False, with what happened as a failure, once the two differ.
  bool Run(int steps, std::map<std::string, int>* reached) {
    for (int i = 0; i < steps; ++i) {
      Step();
      if (!Same()) return false;
    }
    ++(*reached)["round " + std::to_string(std::min(real_.round(), 6u))];
    if (real_.decided()) ++(*reached)[*real_.decided() ? "decided 1" : "decided 0"];
    for (const Vote& vote : naive_.said) {
      if (std::holds_alternative<vote::Hint>(vote)) ++(*reached)["hint"];
      const auto* aux = std::get_if<vote::Aux>(&vote);
      if (aux && aux->values == kBoth) ++(*reached)["AUX of both"];
      if (aux && aux->round >= 4 && aux->values != kBoth) ++(*reached)["AUX of one after a wait"];
    }
    return true;
  }

 private:
  bool Chance(uint32_t of_1000) { return random_() % 1000 < of_1000; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  bool Value() { return Chance(manner_.one); }

  void Step() {
    out_ = {};
    const size_t said = naive_.said.size();
    if (!fed_back_.empty() && Chance(manner_.own)) {
      const Vote vote = fed_back_.front();
      fed_back_.erase(fed_back_.begin());
      Hear(0, vote);
    } else if (!waits_.empty() && Chance(manner_.timers)) {
      const TimerKey key = waits_.front().key;
      waits_.erase(waits_.begin());
      told_ += "the wait of round " + std::to_string(key.number) + " is over\n";
      real_.OnTimer(key.type, key.number, out_);
      naive_.EndWait(key.type, key.number);
    } else if (Chance(20)) {
      told_ += "holds the certificate\n";
      real_.OnCertificate(out_);
      if (!certified_) naive_.HoldCertificate();
      certified_ = true;
      Propose(true);
    } else if (Chance(20)) {
      Propose(false);
    } else {
      Hear(1 + Below(n_ - 1), Draw());
    }
    fed_back_.insert(fed_back_.end(), naive_.said.begin() + static_cast<std::ptrdiff_t>(said),
                     naive_.said.end());
    waits_.insert(waits_.end(), out_.timers.begin(), out_.timers.end());
    said_.insert(said_.end(), out_.votes.begin(), out_.votes.end());
    timed_.insert(timed_.end(), out_.timers.begin(), out_.timers.end());
  }

  Vote Draw() {
    uint32_t round = std::max(1u, real_.round()) + static_cast<uint32_t>(Below(4)) / 2;
    if (Chance(150) && round > 1) --round;
    if (Chance(manner_.stray)) round = 1 + static_cast<uint32_t>(Below(32));
    if (Chance(manner_.decided)) return vote::Decided{slot_, Value()};
    if (Chance(100)) return vote::Hint{slot_, round, Value()};
    if (Chance(500)) return vote::Est{slot_, round, Value()};
    return vote::Aux{slot_, round, Chance(manner_.both) ? kBoth : Value() ? kOne : kZero};
  }
  void Propose(bool value) {
    told_ += "proposes " + std::to_string(value) + "\n";
    real_.Propose(value, out_);
    naive_.Propose(value);
  }
  void Hear(int from, const Vote& vote) {
    told_ += std::to_string(from) + " says " + Text(vote) + "\n";
    Feed(real_, from, vote, out_);
    naive_.Hear(from, vote);
  }

  bool Same() {
    const bool same = Texts(said_) == Texts(naive_.said) && Texts(timed_) == Texts(naive_.waits) &&
                      real_.decided() == naive_.decided() && real_.round() == naive_.round() &&
                      real_.closed_to_input() == (naive_.has_input() || naive_.decided());
    if (same) return true;
    ADD_FAILURE() << n_ << " nodes, slot of " << slot_.author.value << "; what happened:\n"
                  << told_;
    EXPECT_EQ(Texts(said_), Texts(naive_.said)) << "what it says: production, then the naive one";
    EXPECT_EQ(Texts(timed_), Texts(naive_.waits)) << "waits that it begins";
    EXPECT_EQ(real_.decided(), naive_.decided());
    EXPECT_EQ(real_.round(), naive_.round());
    return false;
  }

  std::mt19937_64 random_;
  const int n_;
  const Roster roster_;
  const Slot slot_;
  BinaryAgreement real_;
  NaiveBinaryAgreement naive_;
  Manner manner_;
  Effects out_;  // of the step at hand
  std::vector<Vote> said_;
  std::vector<TimerRequest> timed_;
  std::vector<Vote> fed_back_;  // said, and not heard by itself yet
  std::vector<TimerRequest> waits_;
  bool certified_ = false;
  std::string told_;
};

TEST(BinaryAgreementOracle, SaysTimesAndDecidesTheSameAfterEveryEvent) {
  std::map<std::string, int> reached;
  for (int n : {4, 5, 6, 7, 10}) {
    const uint64_t seeds = n == 4 ? 1'000 : 150;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      Twins twins(n, seed * 100 + static_cast<uint64_t>(n));
      ASSERT_TRUE(twins.Run(30 * n, &reached)) << "n " << n << " seed " << seed;
    }
  }
  for (const char* branch : {"round 1", "round 2", "round 3", "round 4", "round 5", "round 6",
                             "decided 0", "decided 1", "hint", "AUX of both",
                             "AUX of one after a wait"}) {
    EXPECT_GE(reached[branch], 20) << branch;
  }
  for (const auto& [branch, count] : reached) RecordProperty(branch, count);
}

}  // namespace
}  // namespace decentd::testing
