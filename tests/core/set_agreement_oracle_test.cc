// The production set agreement and broadcast beside the naive ones: after every event of made-up
// histories, of honest nodes and of liars in any number, both have said, timed, found and decided
// the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "node/codec/peer_codec.h"
#include "node/codec/verifier.h"
#include "node/core/set_agreement.h"
#include "tests/core/naive_set_agreement.h"
#include "tests/core/vote_text.h"
#include "tests/sim/signatures.h"

namespace decentd::testing {
namespace {

constexpr uint32_t kSoftMs = 1000, kHardMs = 5000;

// Nodes whose signatures cost nothing.
class Council {
 public:
  explicit Council(int n) {
    std::vector<RosterNode> nodes;
    for (int i = 0; i < n; ++i) {
      signers_.push_back(sim::StandInSigner(static_cast<uint64_t>(i)));
      RosterNode node;
      node.name = "node-" + std::to_string(i);
      node.key = signers_.back()->public_key();
      nodes.push_back(std::move(node));
    }
    roster_ = std::make_unique<Roster>(1, std::move(nodes), RosterParameters{});
    verifier_ = std::make_unique<Verifier>(*roster_, sim::StandInScheme());
  }
  const Roster& roster() const { return *roster_; }
  int n() const { return roster_->n(); }
  template <class T>
  Verified<T> Say(int node, const T& value) const {
    Envelope envelope = SignStatement(*signers_[static_cast<size_t>(node)], *roster_,
                                      NodeIndex{static_cast<uint16_t>(node)}, value);
    return std::get<Verified<T>>(std::get<AnyVerified>(verifier_->Verify(std::move(envelope))));
  }
  // By the q nodes from `first` on.
  VerifiedCertificate Certify(const RoundId& round, Slot slot, const Digest& digest,
                              int first) const {
    std::vector<Verified<Votes>> votes;
    for (int i = 0; i < roster_->quorum(); ++i) {
      votes.push_back(
          Say((first + i) % n(), Votes{round, 255, {Vote{vote::Echo{slot, digest}}}}));
    }
    return *verifier_->AssembleCertificate(round, slot, digest, std::move(votes));
  }

 private:
  std::vector<std::unique_ptr<Signer>> signers_;
  std::unique_ptr<Roster> roster_;
  std::unique_ptr<Verifier> verifier_;
};

const RoundId kRound{Sha256("round")};

// How the others of one history behave: chances of 1000.
struct Manner {
  uint32_t honest;    // a vote is for what is there: 1 where an honest node would say so
  uint32_t decided;   // a vote is a DECIDED
  uint32_t abstains;  // a proposal is an Abstain
  uint32_t lies;      // a proposal is not the author's first, or does not fit
  uint32_t timers;    // a timer that was asked for fires
  uint32_t links;     // links come and go
  uint32_t both;      // an AUX holds both values
  bool silent;        // of the last author no proposal is ever seen, and little else
};

class Twins {
 public:
  Twins(const Council& council, uint64_t seed)
      : random_(seed),
        council_(council),
        n_(council.n()),
        real_(council.roster(), NodeIndex{0}, Phase::kSheet, kSoftMs, kHardMs),
        naive_(council.roster(), 0, Phase::kSheet, kSoftMs, kHardMs) {
    const auto any = [&](std::vector<uint32_t> of) { return of[random_() % of.size()]; };
    manner_ = {any({500, 900, 1000}), any({0, 20, 150, 300}), any({0, 0, 0, 300}),
               any({0, 0, 50, 300}),  any({2, 5, 30, 100}),   any({0, 10, 50}),
               any({50, 50, 800}),    random_() % 2 == 0};
  }

  // False, with what happened as a failure, once the two differ.
  bool Run(int steps, std::map<std::string, int>* reached) {
    for (int i = 0; i < steps; ++i) {
      Step();
      if (!Same()) return false;
    }
    static constexpr const char* kClosed[] = {"closed by nobody", "closed by soft",
                                              "closed by absence", "closed by hard"};
    if (real_.ended() || real_.closed() != Closed::kNone) {
      ++(*reached)[kClosed[static_cast<size_t>(real_.closed())]];
    }
    if (evidence_ > 0) ++(*reached)["evidence"];
    if (blamed_.size() > 0) ++(*reached)["blame"];
    for (const TimerRequest& timer : timed_) {
      if (timer.key.type == TimerType::kAbsent) ++(*reached)["silence timed"];
      if (timer.key.type == TimerType::kHintWait) ++(*reached)["timed round"];
    }
    for (const Vote& vote : said_) {
      const auto* decided = std::get_if<vote::Decided>(&vote);
      if (decided) ++(*reached)[decided->value ? "decided 1" : "decided 0"];
    }
    return true;
  }

 private:
  bool Chance(uint32_t of_1000) { return random_() % 1000 < of_1000; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  int Author() { return Below(manner_.silent ? n_ - 1 : n_); }
  Slot SlotOf(int author) const { return {Phase::kSheet, {static_cast<uint16_t>(author)}}; }

  // Each author has three: a sheet, a sheet that does not fit, an Abstain.
  const Verified<Propose>& ProposalOf(int author, int which) {
    auto [it, added] = payloads_.try_emplace({author, which});
    if (added) {
      Payload payload = Abstain{AbstainReason::kModelFailed, ""};
      if (which < 2) {
        SheetEntry entry{NodeIndex{0}, std::vector<uint32_t>(5, which == 0 ? 1u : 2u)};
        payload = Sheet{{}, {entry}, "test", {}};
      }
      it->second = council_.Say(author, Propose{kRound, Phase::kSheet, std::move(payload)});
    }
    return *it->second;
  }
  static bool Fits(const Propose& propose) {
    const auto* sheet = std::get_if<Sheet>(&propose.payload);
    return sheet == nullptr || sheet->entries[0].scores[0] == 1;
  }
  int Which(int author) {
    if (Chance(manner_.lies)) return Below(3);
    return usual_.try_emplace(author, Chance(manner_.abstains) ? 2 : 0).first->second;
  }

  void Step() {
    out_ = {};
    const int draw = Below(1000);
    if (!entered_ && draw < 100) {
      entered_ = true;
      told_ += "enters\n";
      real_.Enter(Fits, out_);
      naive_.Enter();
    } else if (!own_.empty() && draw < 400) {
      const Votes votes{kRound, seq_++, std::exchange(own_, {})};
      Hear(0, votes.votes);
    } else if (Chance(manner_.timers) && !waits_.empty()) {
      const int last = static_cast<int>(waits_.size()) - 1;
      const auto at = waits_.begin() + (Chance(650) ? 0 : Chance(400) ? last : Below(last + 1));
      const TimerKey key = *at;
      waits_.erase(at);
      Fire(key);
    } else if (!silences_.empty() && Chance(100)) {  // of which most are worth nothing by now
      Fire(silences_[static_cast<size_t>(Below(static_cast<int>(silences_.size())))]);
    } else if (Chance(manner_.links)) {
      Relink();
    } else if (draw < 480) {
      HoldProposal();
    } else if (draw < 500) {
      const int author = Author();
      const Digest digest = ProposalOf(author, Which(author)).body_digest();
      told_ += "holds a certificate of " + std::to_string(author) + " " +
               digest.Hex().substr(0, 6) + "\n";
      real_.OnCertificate(council_.Certify(kRound, SlotOf(author), digest, Below(n_)), out_);
      naive_.HoldCertificate(author, digest);
    } else {
      const int from = 1 + Below(manner_.silent && !Chance(50) ? n_ - 2 : n_ - 1);
      std::vector<Vote> votes;
      for (int count = 1 + Below(4); count > 0; --count) votes.push_back(Draw());
      if (std::ranges::count_if(votes, [](const Vote& vote) {
            return std::holds_alternative<vote::Echo>(vote);
          }) > 1) {
        votes.resize(1);  // for the codec lets one ECHO of a slot into a body
      }
      Hear(from, votes);
    }
    said_.insert(said_.end(), out_.votes.begin(), out_.votes.end());
    own_.insert(own_.end(), out_.votes.begin(), out_.votes.end());
    for (const TimerRequest& timer : out_.timers) {
      timed_.push_back(timer);
      waits_.push_back(timer.key);
      if (timer.key.type == TimerType::kAbsent) silences_.push_back(timer.key);
    }
    evidence_ += static_cast<int>(out_.evidence.size());
    for (const Blame& blame : out_.blames) blamed_.insert(blame.author.value);
  }

  void Hear(int from, const std::vector<Vote>& votes) {
    told_ += std::to_string(from) + " says";
    for (const Vote& vote : votes) told_ += " " + Text(vote) + ";";
    told_ += "\n";
    if (from != 0 && Chance(700)) HearOf(from);
    real_.OnVotes(council_.Say(from, Votes{kRound, from == 0 ? seq_ : 254, votes}), out_);
    naive_.Hear(from, votes);
  }
  void HearOf(int node) {
    told_ += "hears of " + std::to_string(node) + "\n";
    real_.OnHeard({static_cast<uint16_t>(node)}, out_);
    naive_.HearOf(node);
  }
  void HoldProposal() {
    const int author = Author();
    const Verified<Propose>& propose = ProposalOf(author, Which(author));
    told_ += "holds the proposal of " + std::to_string(author) + " " +
             propose.body_digest().Hex().substr(0, 6) +
             (propose->usable() ? "\n" : " abstaining\n");
    real_.OnPropose(propose, out_);
    naive_.HoldProposal({author, propose.body_digest(), Fits(*propose), propose->usable()});
  }
  void Fire(const TimerKey& key) {
    told_ += "fires " + Text(TimerRequest{key, 0}) + "\n";
    real_.OnTimer(key, out_);
    if (key.type != TimerType::kAbsent) return naive_.EndTimer(key);
    const auto silence = std::ranges::find(silences_, key);
    naive_.EndSilence(static_cast<size_t>(silence - silences_.begin()));
  }
  void Relink() {
    NodeSet unlinked;
    std::set<int> same;
    for (int i = 1; i < n_; ++i) {
      const bool gone = manner_.silent && i == n_ - 1;
      if (!gone && Chance(600)) continue;
      unlinked.Add({static_cast<uint16_t>(i)});
      same.insert(i);
    }
    told_ += "is without links to";
    for (int node : same) told_ += " " + std::to_string(node);
    told_ += "\n";
    real_.OnUnlinked(unlinked, out_);
    naive_.Unlink(same);
  }

  Vote Draw() {
    const int author = Below(n_);
    const Slot slot = SlotOf(author);
    if (Chance(120)) return vote::Enter{Chance(900) ? Phase::kSheet : Phase::kAnswer};
    if (Chance(350)) {
      const int seen = Author();
      return vote::Echo{SlotOf(seen), ProposalOf(seen, Which(seen)).body_digest()};
    }
    // Mostly 1 for the slots of the first n - f, and 0 for the rest.
    const bool value = Chance(manner_.honest) == (author < n_ - council_.roster().f());
    const uint32_t round = std::max(1u, naive_.binary_round(author)) + (Chance(150) ? 1 : 0);
    if (Chance(manner_.decided)) return vote::Decided{slot, value};
    if (Chance(50)) return vote::Hint{slot, round, value};
    if (Chance(500)) return vote::Est{slot, round, value};
    return vote::Aux{slot, round, static_cast<ValueMask>(Chance(manner_.both) ? 3 : value ? 2 : 1)};
  }

  bool Same() {
    const bool same = Texts(said_) == Texts(naive_.Said()) &&
                      Texts(timed_) == Texts(naive_.Timed()) && real_.ended() == naive_.Ended() &&
                      real_.closed() == naive_.closed() && evidence_ == naive_.Evidence() &&
                      blamed_ == naive_.blamed_for_sheets &&
                      (!real_.ended() || (real_.agreed() == naive_.Agreed() &&
                                          real_.usable() == naive_.Usable()));
    if (same) return true;
    ADD_FAILURE() << n_ << " nodes; what happened:\n" << told_;
    EXPECT_EQ(Texts(said_), Texts(naive_.Said())) << "what it says: production, then the naive one";
    EXPECT_EQ(Texts(timed_), Texts(naive_.Timed())) << "timers that it asks for";
    EXPECT_EQ(real_.ended(), naive_.Ended());
    EXPECT_EQ(real_.closed(), naive_.closed());
    EXPECT_EQ(evidence_, naive_.Evidence());
    EXPECT_EQ(blamed_, naive_.blamed_for_sheets);
    return false;
  }

  std::mt19937_64 random_;
  const Council& council_;
  const int n_;
  SetAgreement real_;
  NaiveSetAgreement naive_;
  Manner manner_;
  std::map<std::pair<int, int>, std::optional<Verified<Propose>>> payloads_;
  std::map<int, int> usual_;  // by author, what it proposes when it does not lie
  Effects out_;               // of the step at hand
  std::vector<Vote> said_;
  std::vector<Vote> own_;  // said, and not heard by itself yet
  std::vector<TimerRequest> timed_;
  std::vector<TimerKey> waits_, silences_;
  int evidence_ = 0;
  std::multiset<int> blamed_;
  uint64_t seq_ = 0;
  bool entered_ = false;
  std::string told_;
};

TEST(SetAgreementOracle, SaysTimesFindsAndDecidesTheSameAfterEveryEvent) {
  std::map<std::string, int> reached;
  for (int n : {4, 5, 7}) {
    const Council council(n);
    const uint64_t seeds = n == 4 ? 500 : 100;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      Twins twins(council, seed * 100 + static_cast<uint64_t>(n));
      ASSERT_TRUE(twins.Run(50 * n, &reached)) << "n " << n << " seed " << seed;
    }
  }
  for (const char* branch :
       {"closed by nobody", "closed by soft", "closed by absence", "closed by hard", "evidence",
        "blame", "silence timed", "timed round", "decided 0", "decided 1"}) {
    EXPECT_GE(reached[branch], 10) << branch;
  }
  for (const auto& [branch, count] : reached) RecordProperty(branch, count);
}

}  // namespace
}  // namespace decentd::testing
