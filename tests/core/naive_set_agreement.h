// Sections 4 and 6 of docs/SPEC.md, read aloud: an oracle for node/core/set_agreement.h and
// broadcast.h. Like the naive binary agreement it keeps the history and what was said, and looks
// through all of it for every question.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "node/core/roster.h"
#include "node/core/verdict.h"
#include "tests/core/naive_binary_agreement.h"

namespace decentd::testing {

class NaiveSetAgreement {
 public:
  struct Proposal {
    int author;
    Digest digest;
    bool valid, usable;
  };

  NaiveSetAgreement(const Roster& roster, int self, Phase phase, uint32_t soft_ms, uint32_t hard_ms)
      : roster_(roster), n_(roster.n()), f_((n_ - 1) / 3), self_(self), phase_(phase),
        soft_ms_(soft_ms), hard_ms_(hard_ms) {
    roster.panel(phase).ForEach([&](NodeIndex author) {
      panel_.push_back(author.value);
      binary_.emplace(author.value,
                      NaiveBinaryAgreement(n_, roster.parameters().hint_base_ms, self,
                                           Slot{phase, author}));
    });
  }

  // What happens to the node.
  void Enter() {
    entered_ = true;
    own_.push_back(vote::Enter{phase_});
    Obey();
  }
  void HoldProposal(const Proposal& proposal) {
    history_.push_back(proposal);
    Obey();
  }
  void HoldCertificate(int author, const Digest& digest) {
    history_.push_back(Certificate{author, digest});
    Obey();
  }
  void Hear(int from, const std::vector<Vote>& votes) {
    for (const Vote& vote : votes) {  // "The votes in a body are taken in order."
      history_.push_back(Heard{from, vote});
      if (NaiveBinaryAgreement* binary = Binary(vote)) binary->Hear(from, vote);
    }
    Obey();
  }
  // Something that this node signed in the round arrived.
  void HearOf(int node) {
    heard_.insert(node);
    // "it begins anew when one of them is heard": of the missing authors.
    if (Missing().contains(node)) silence_.reset();
    Obey();
  }
  void Unlink(const std::set<int>& nodes) {
    unlinked_ = nodes;
    silence_.reset();  // "or the links change"
    Obey();
  }
  void EndTimer(const TimerKey& key) {
    if (key.type == TimerType::kSoftDeadline) soft_passed_ = true;
    if (key.type == TimerType::kHardDeadline) hard_passed_ = true;
    if (key.type == TimerType::kHintWait || key.type == TimerType::kAuxWait) {
      binary_.at(key.slot.author.value).EndWait(key.type, key.number);
    }
    Obey();
  }
  // The `which`-th silence that was to be timed, counted from 0, has lasted.
  void EndSilence(size_t which) {
    if (silence_ == which) silence_passed_ = true;
    Obey();
  }

  // All that it has said, timed and found so far.
  std::vector<Vote> Said() const {
    std::vector<Vote> said = own_;
    for (const auto& [author, binary] : binary_) {
      said.insert(said.end(), binary.said.begin(), binary.said.end());
    }
    return said;
  }
  std::vector<TimerRequest> Timed() const {
    std::vector<TimerRequest> timed = timers_;
    for (const auto& [author, binary] : binary_) {
      timed.insert(timed.end(), binary.waits.begin(), binary.waits.end());
    }
    return timed;
  }
  std::multiset<int> blamed_for_sheets;

  // Section 4, item 4: "two proposals for a slot with different bodies", "two Votes that echo
  // different digests for one slot". One proof of each for a slot, and for an author of echoes.
  int Evidence() const {
    int proofs = 0;
    for (int author : panel_) {
      std::set<Digest> proposed;
      std::map<int, std::set<Digest>> echoed;
      for (const Item& item : history_) {
        if (const auto* p = std::get_if<Proposal>(&item); p && p->author == author) {
          proposed.insert(p->digest);
        }
        if (const auto* echo = EchoIn(item, author)) {
          echoed[std::get<Heard>(item).from].insert(echo->digest);
        }
      }
      proofs += proposed.size() > 1;
      for (const auto& [node, digests] : echoed) proofs += digests.size() > 1;
    }
    return proofs;
  }

  uint32_t binary_round(int author) const { return binary_.at(author).round(); }
  Closed closed() const { return closed_; }

  // "every slot is decided and the payload and certificate of every slot decided 1 are held."
  bool Ended() const {
    return entered_ && std::ranges::all_of(panel_, [&](int author) {
             const auto decided = binary_.at(author).decided();
             return decided && (!*decided || Payload(author) != nullptr);
           });
  }
  SlotSet Agreed() const {
    SlotSet set;
    for (int author : panel_) {
      if (binary_.at(author).decided() == true) {
        set.emplace_back(NodeIndex{static_cast<uint16_t>(author)}, *Certified(author));
      }
    }
    return set;
  }
  int Usable() const {
    return static_cast<int>(std::ranges::count_if(panel_, [&](int author) {
      const Proposal* payload = Payload(author);
      return binary_.at(author).decided() == true && payload != nullptr && payload->usable;
    }));
  }

 private:
  struct Certificate {
    int author;
    Digest digest;
  };
  struct Heard {
    int from;
    Vote vote;
  };
  using Item = std::variant<Proposal, Certificate, Heard>;

  static const vote::Echo* EchoIn(const Item& item, int author, Phase phase) {
    const auto* heard = std::get_if<Heard>(&item);
    const auto* echo = heard == nullptr ? nullptr : std::get_if<vote::Echo>(&heard->vote);
    return echo != nullptr && echo->slot == Slot{phase, {static_cast<uint16_t>(author)}} ? echo
                                                                                         : nullptr;
  }
  const vote::Echo* EchoIn(const Item& item, int author) const {
    return EchoIn(item, author, phase_);
  }

  const Proposal* First(int author) const {
    for (const Item& item : history_) {
      const auto* p = std::get_if<Proposal>(&item);
      if (p != nullptr && p->author == author) return p;
    }
    return nullptr;
  }

  // Where in the history the slot's certificate is first held, and for what: q echoes of one digest
  // by distinct nodes, of each of whom the first echo counts, or one that came whole.
  std::optional<std::pair<size_t, Digest>> CertifiedAt(int author) const {
    std::map<int, Digest> echoes;
    for (size_t i = 0; i < history_.size(); ++i) {
      const auto* whole = std::get_if<Certificate>(&history_[i]);
      if (whole != nullptr && whole->author == author) return {{i, whole->digest}};
      const auto* echo = EchoIn(history_[i], author);
      if (echo == nullptr) continue;
      echoes.emplace(std::get<Heard>(history_[i]).from, echo->digest);
      std::map<Digest, int> count;
      for (const auto& [node, digest] : echoes) {
        if (++count[digest] == roster_.quorum()) return {{i, digest}};
      }
    }
    return std::nullopt;
  }
  std::optional<Digest> Certified(int author) const {
    const auto at = CertifiedAt(author);
    return at ? std::optional(at->second) : std::nullopt;
  }
  // The certified proposal. Of an author that shows different ones the first is kept, and the
  // certified one once it is known which that is.
  const Proposal* Payload(int author) const {
    const auto at = CertifiedAt(author);
    if (!at) return nullptr;
    const Proposal* first = First(author);
    if (first != nullptr && first->digest == at->second) return first;
    for (size_t i = at->first; i < history_.size(); ++i) {
      const auto* p = std::get_if<Proposal>(&history_[i]);
      if (p != nullptr && p->author == author && p->digest == at->second) return p;
    }
    return nullptr;
  }

  NaiveBinaryAgreement* Binary(const Vote& vote) {
    return std::visit(
        [&](const auto& v) -> NaiveBinaryAgreement* {
          if constexpr (requires { v.slot; }) {
            const auto it = binary_.find(v.slot.author.value);
            return v.slot.phase == phase_ && it != binary_.end() ? &it->second : nullptr;
          } else {
            return nullptr;
          }
        },
        vote);
  }

  // Authors whose slot has no input of this node yet and is not decided.
  std::set<int> Missing() const {
    std::set<int> missing;
    for (int author : panel_) {
      if (!binary_.at(author).has_input() && !binary_.at(author).decided()) missing.insert(author);
    }
    return missing;
  }

  void Obey() {
    Echo();
    // "Input 1 to a slot on holding its certificate."
    for (int author : panel_) {
      if (!Certified(author)) continue;
      if (told_.insert(author).second) binary_.at(author).HoldCertificate();
      if (entered_) binary_.at(author).Propose(true);
    }
    if (!entered_) return;
    StartDeadlines();
    Close();
  }

  // "On the first valid proposal for a slot ... At most one echo for a slot, ever."
  void Echo() {
    for (int author : panel_) {
      const Proposal* first = First(author);
      if (!entered_ || first == nullptr || !judged_.insert(author).second) continue;
      if (first->valid) {
        own_.push_back(vote::Echo{{phase_, {static_cast<uint16_t>(author)}}, first->digest});
      } else {
        blamed_for_sheets.insert(author);
      }
    }
  }

  // "when ENTER is held from n - f nodes, itself included"
  void StartDeadlines() {
    std::set<int> entered;
    for (const Item& item : history_) {
      const auto* heard = std::get_if<Heard>(&item);
      const auto* enter = heard == nullptr ? nullptr : std::get_if<vote::Enter>(&heard->vote);
      if (enter != nullptr && enter->phase == phase_) entered.insert(heard->from);
    }
    if (!entered.contains(self_) || static_cast<int>(entered.size()) < n_ - f_) return;
    if (std::exchange(deadlines_, true)) return;
    timers_.push_back({{TimerType::kSoftDeadline, {phase_, {}}, 0}, soft_ms_});
    timers_.push_back({{TimerType::kHardDeadline, {phase_, {}}, 0}, hard_ms_});
  }

  void Close() {
    const std::set<int> missing = Missing();
    if (missing.empty()) return;
    Closed why = Closed::kNone;
    if (hard_passed_) {
      why = Closed::kHard;
    } else if (Gate() && soft_passed_) {
      why = Closed::kSoft;
    } else if (Gate() && Absent(missing)) {
      why = Closed::kAbsent;
    }
    if (why == Closed::kNone) return;
    closed_ = why;
    for (int author : missing) binary_.at(author).Propose(false);
  }

  // "`gate` slots have decided 1, at least `min` of them known to hold no Abstain"
  bool Gate() const {
    return std::ranges::count_if(panel_, [&](int author) {
             return binary_.at(author).decided() == true;
           }) >= roster_.gate(phase_) &&
           Usable() >= roster_.minimum(phase_);
  }

  bool Absent(const std::set<int>& missing) {
    if (!std::ranges::includes(unlinked_, missing)) return false;
    const bool heard =
        std::ranges::any_of(missing, [&](int author) { return heard_.contains(author); });
    if (!heard) return true;
    if (!silence_) {
      silence_passed_ = false;
      silence_ = silences_++;
      timers_.push_back({{TimerType::kAbsent, {phase_, {}}, 0},
                         roster_.parameters().absent_after_ms});
    }
    return silence_passed_;
  }

  const Roster& roster_;
  const int n_, f_, self_;
  const Phase phase_;
  const uint32_t soft_ms_, hard_ms_;
  std::vector<int> panel_;
  std::map<int, NaiveBinaryAgreement> binary_;
  std::vector<Item> history_;
  std::vector<Vote> own_;  // said by the phase itself: ENTER and ECHO
  std::vector<TimerRequest> timers_;
  std::set<int> told_, judged_, heard_, unlinked_;
  bool entered_ = false, deadlines_ = false, soft_passed_ = false, hard_passed_ = false;
  std::optional<size_t> silence_;  // the one that is being timed, counted from 0
  size_t silences_ = 0;
  bool silence_passed_ = false;
  Closed closed_ = Closed::kNone;
};

}  // namespace decentd::testing
