// Section 5 of docs/SPEC.md, read aloud: an oracle for node/core/binary_agreement.h. Every question
// is answered from the whole history, which is looked through anew each time; kept are only the
// history, what this node has said, and the variables of the pseudo-code. Slow, and plain enough to
// be checked against the text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "node/core/effect.h"
#include "node/core/message.h"

namespace decentd::testing {

class NaiveBinaryAgreement {
 public:
  NaiveBinaryAgreement(int n, uint32_t hint_base_ms, int self, Slot slot)
      : n_(n), f_((n - 1) / 3), hint_base_ms_(hint_base_ms), self_(self), slot_(slot) {}

  // What happens to the node. What it says and which waits it begins is added to said and waits.
  void Propose(bool value) {
    if (est_ || decided_) return;
    est_ = value;
    r_ = 1;
    if (!value) Say(vote::Est{slot_, 1, false});
    Obey();
  }
  void HoldCertificate() {
    history_.push_back({NodeIndex{}, std::nullopt});
    Obey();
  }
  void Hear(int from, const Vote& vote) {
    history_.push_back({NodeIndex{static_cast<uint16_t>(from)}, vote});
    Obey();
  }
  void EndWait(TimerType type, uint32_t round) {
    over_.insert({type, round});
    Obey();
  }

  std::vector<Vote> said;
  std::vector<TimerRequest> waits;

  const std::optional<bool>& decided() const { return decided_; }
  uint32_t round() const { return r_; }
  bool has_input() const { return est_.has_value(); }

 private:
  struct Event {
    NodeIndex from;
    std::optional<Vote> vote;  // none: it is the certificate
  };

  // What the first `length` events hold for round r.
  struct Held {
    NodeSet est[2];
    NodeSet decided[2];
    std::vector<std::pair<NodeIndex, ValueMask>> aux;  // the first of each node
    bool certificate = false;

    bool HasAux(NodeIndex node) const {
      return std::ranges::any_of(aux, [&](const auto& one) { return one.first == node; });
    }
    // "Its DECIDED(v) counts as its EST[r](v) ... in every round for which no AUX of its own is
    // held."
    NodeSet EstFrom(bool v) const {
      NodeSet nodes = est[v];
      decided[v].ForEach([&](NodeIndex node) {
        if (!HasAux(node)) nodes.Add(node);
      });
      return nodes;
    }
    // "... and its AUX[r]({v})".
    std::vector<std::pair<NodeIndex, ValueMask>> AuxFrom() const {
      auto all = aux;
      for (bool v : {false, true}) {
        decided[v].ForEach([&](NodeIndex node) {
          if (!HasAux(node)) all.emplace_back(node, v ? 2 : 1);
        });
      }
      return all;
    }
    void Take(const Event& event, uint32_t r) {
      if (!event.vote) certificate = true;
      if (!event.vote) return;
      if (const auto* e = std::get_if<vote::Est>(&*event.vote); e && e->round == r) {
        est[e->value].Add(event.from);
      }
      if (const auto* a = std::get_if<vote::Aux>(&*event.vote); a && a->round == r) {
        if (!HasAux(event.from)) aux.emplace_back(event.from, a->values);
      }
      if (const auto* d = std::get_if<vote::Decided>(&*event.vote)) {
        if (!decided[!d->value].Has(event.from)) decided[d->value].Add(event.from);
      }
    }
  };

  Held All(uint32_t r) const {
    Held held;
    for (const Event& event : history_) held.Take(event, r);
    return held;
  }

  // The values of bin[r] in the order in which they entered. What entered stays, so each beginning
  // of the history is asked.
  std::vector<bool> Bin(uint32_t r) const {
    std::vector<bool> bin;
    Held held;
    for (const Event& event : history_) {
      held.Take(event, r);
      for (bool v : {false, true}) {
        const bool enters = r == 1 && v ? held.certificate : held.EstFrom(v).Size() >= 2 * f_ + 1;
        if (enters && !std::ranges::count(bin, v)) bin.push_back(v);
      }
    }
    return bin;
  }

  // The coordinator's first HINT[r].
  std::optional<bool> Hint(uint32_t r) const {
    for (const Event& event : history_) {
      if (!event.vote || event.from.value != Coordinator(r)) continue;
      const auto* hint = std::get_if<vote::Hint>(&*event.vote);
      if (hint != nullptr && hint->round == r) return hint->value;
    }
    return std::nullopt;
  }

  // Rounds that this node has come to or of which it holds anything. An EST[1](1) and a HINT that is
  // ignored say nothing.
  std::set<uint32_t> Rounds() const {
    std::set<uint32_t> rounds;
    for (uint32_t r = 1; r <= r_; ++r) rounds.insert(r);
    for (const auto& [type, round] : over_) rounds.insert(round);
    for (const Event& event : history_) {
      if (!event.vote) {
        rounds.insert(1);
      } else if (const auto* e = std::get_if<vote::Est>(&*event.vote)) {
        if (e->round != 1 || !e->value) rounds.insert(e->round);
      } else if (const auto* a = std::get_if<vote::Aux>(&*event.vote)) {
        rounds.insert(a->round);
      } else if (const auto* h = std::get_if<vote::Hint>(&*event.vote)) {
        if (h->round >= 4 && event.from.value == Coordinator(h->round)) rounds.insert(h->round);
      }
    }
    return rounds;
  }

  void Obey() {
    Relay();
    const Held held = All(0);
    for (bool v : {false, true}) {
      if (!decided_ && held.decided[v].Size() >= f_ + 1) Decide(v);
    }
    while (!decided_ && est_ && EndRound()) Relay();
  }

  // "EST[r](v) from f+1 nodes -> send EST[r](v) once", "until it holds n - f equal DECIDED".
  void Relay() {
    const Held held = All(0);
    for (bool v : {false, true}) {
      if (held.decided[v].Size() >= n_ - f_) return;
    }
    for (uint32_t r : Rounds()) {
      for (bool v : {false, true}) {
        if (r == 1 && v) continue;
        if (All(r).EstFrom(v).Size() >= f_ + 1) Say(vote::Est{slot_, r, v});
      }
    }
  }

  // The lines of the pseudo-code for round r; true when r has become the next one.
  bool EndRound() {
    const std::vector<bool> bin = Bin(r_);
    if (bin.empty()) return false;
    ValueMask mask = 0;
    for (bool v : bin) mask |= v ? 2 : 1;

    ValueMask aux = mask;
    if (r_ >= 4) {
      if (Coordinator(r_) == self_) Say(vote::Hint{slot_, r_, bin.front()});
      Wait(TimerType::kHintWait);
      if (!over_.contains({TimerType::kHintWait, r_})) return false;
      if (const auto w = Hint(r_); w && std::ranges::count(bin, *w)) aux = *w ? 2 : 1;
    }
    if (!SaidAux()) Say(vote::Aux{slot_, r_, aux});
    if (r_ >= 4) {
      Wait(TimerType::kAuxWait);
      if (!over_.contains({TimerType::kAuxWait, r_})) return false;
    }

    int held = 0, equal[2] = {0, 0};
    ValueMask vals = 0;
    for (const auto& [node, values] : All(r_).AuxFrom()) {
      if ((values | mask) != mask) continue;  // "whose values are all in bin[r]"
      ++held;
      vals |= values;
      if (values == 1) ++equal[0];
      if (values == 2) ++equal[1];
    }
    if (held < n_ - f_) return false;
    if (equal[0] >= n_ - f_) vals = 1;
    if (equal[1] >= n_ - f_) vals = 2;

    if (vals == 3) {
      est_ = r_ % 2 == 1;
    } else {
      est_ = vals == 2;
      if (*est_ == (r_ % 2 == 1)) {
        Decide(*est_);
        return false;
      }
    }
    if (r_ == 32) return false;
    ++r_;
    Say(vote::Est{slot_, r_, *est_});
    return true;
  }

  void Decide(bool v) {
    decided_ = v;
    Say(vote::Decided{slot_, v});
  }

  // What a node sends for a slot it sends once.
  void Say(const Vote& vote) {
    if (!std::ranges::any_of(said, [&](const Vote& old) { return Same(old, vote); })) {
      said.push_back(vote);
    }
  }
  static bool Same(const Vote& a, const Vote& b) {
    if (a.index() != b.index()) return false;
    if (const auto* e = std::get_if<vote::Est>(&a)) {
      const auto& o = std::get<vote::Est>(b);
      return e->round == o.round && e->value == o.value;
    }
    if (const auto* h = std::get_if<vote::Hint>(&a)) {
      return h->round == std::get<vote::Hint>(b).round;
    }
    if (const auto* x = std::get_if<vote::Aux>(&a)) return x->round == std::get<vote::Aux>(b).round;
    return true;  // DECIDED
  }
  bool SaidAux() const {
    return std::ranges::any_of(said, [&](const Vote& vote) {
      const auto* aux = std::get_if<vote::Aux>(&vote);
      return aux != nullptr && aux->round == r_;
    });
  }
  // T_r = hint_base * 2^(r-4), never longer than a day.
  void Wait(TimerType type) {
    const TimerKey key{type, slot_, r_};
    for (const TimerRequest& wait : waits) {
      if (wait.key == key) return;
    }
    const uint64_t t = static_cast<uint64_t>(hint_base_ms_) << (r_ - 4);
    waits.push_back({key, static_cast<uint32_t>(std::min<uint64_t>(t, 24 * 3'600'000))});
  }
  int Coordinator(uint32_t r) const {
    return (slot_.author.value + static_cast<int>(r)) % n_;
  }

  const int n_, f_;
  const uint32_t hint_base_ms_;
  const int self_;
  const Slot slot_;
  std::vector<Event> history_;
  std::set<std::pair<TimerType, uint32_t>> over_;
  std::optional<bool> est_, decided_;
  uint32_t r_ = 0;
};

}  // namespace decentd::testing
