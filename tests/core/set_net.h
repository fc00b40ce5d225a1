// Agreements of all nodes on the answers, which hear each other's votes in the order in which they
// were said.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "node/core/set_agreement.h"
#include "tests/core/signed.h"

namespace decentd::testing {

class SetNet {
 public:
  explicit SetNet(int n) : cluster_(n) {
    for (int i = 0; i < n; ++i) {
      sets_.emplace_back(cluster_.roster(), At(i), Phase::kAnswer, 1000, 5000);
      payloads_.push_back(cluster_.Answered(i, round_));
      certificates_.push_back(cluster_.Certify(round_, {Phase::kAnswer, At(i)},
                                               payloads_.back().body_digest(), 1'000));
    }
    timers_.resize(sets_.size());
    seq_.resize(sets_.size());
  }

  void EnterAll() {
    for (int i = 0; i < n(); ++i) {
      Do(i, [&](Effects& out) { set(i).Enter([](const Propose&) { return true; }, out); });
    }
    Deliver();
  }
  // The author's certificate and payload arrive at a node.
  void Certify(int i, int author) {
    Do(i, [&](Effects& out) {
      set(i).OnPropose(payloads_[static_cast<size_t>(author)], out);
      set(i).OnCertificate(certificates_[static_cast<size_t>(author)], out);
    });
  }
  // A timer of this type that the node has asked for; nothing where it has not.
  void Fire(int i, TimerType type) {
    for (const TimerRequest& timer : timers_[static_cast<size_t>(i)]) {
      if (timer.key.type != type) continue;
      Do(i, [&](Effects& out) { set(i).OnTimer(timer.key, out); });
      return;
    }
  }
  void Deliver() {
    while (!queue_.empty()) {
      const auto [to, votes] = queue_.front();
      queue_.pop_front();
      Do(to, [&](Effects& out) { set(to).OnVotes(votes, out); });
    }
  }

  int n() const { return cluster_.roster().n(); }
  SetAgreement& set(int i) { return sets_[static_cast<size_t>(i)]; }

 private:
  struct Message {
    int to;
    Verified<Votes> votes;
  };

  void Do(int i, const std::function<void(Effects&)>& act) {
    Effects out;
    act(out);
    const auto at = static_cast<size_t>(i);
    timers_[at].insert(timers_[at].end(), out.timers.begin(), out.timers.end());
    if (out.votes.empty()) return;
    const auto votes = cluster_.Voted(i, round_, seq_[at]++, std::move(out.votes));
    for (int to = 0; to < n(); ++to) queue_.push_back({to, votes});
  }

  const SignedCluster cluster_;
  const RoundId round_ = TestRound("set");
  std::deque<SetAgreement> sets_;
  std::vector<Verified<Propose>> payloads_;
  std::vector<VerifiedCertificate> certificates_;
  std::vector<std::vector<TimerRequest>> timers_;
  std::vector<uint64_t> seq_;
  std::deque<Message> queue_;
};

}  // namespace decentd::testing
