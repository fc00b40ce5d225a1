// One question from its Query to its certified decision at one node (docs/SPEC.md, sections 3 to
// 9): answers are agreed, then sheets, then everyone computes the same verdict and signs it. Pure:
// no clock, thread, randomness or bytes. Not thread-safe.
//
// A statement of this node leaves in Effects::say, is signed by the runtime and comes back through
// Step; only then does it count. Votes gather until Flush, which is due once urgent() holds; what
// is not urgent should follow soon (docs/SPEC.md, section 6).
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "node/core/aggregate.h"
#include "node/core/effect.h"
#include "node/core/event.h"
#include "node/core/roster.h"
#include "node/core/set_agreement.h"
#include "node/core/verdict.h"
#include "node/core/verified.h"

namespace decentd {

class Round {
 public:
  // Votes of one author by seq, the first body held of each.
  using VotesBySeq = std::map<uint64_t, Verified<Votes>>;

  Round(const Roster& roster, NodeIndex self, Verified<Query> query);
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  // Begins: call once, before anything else. `sponsor`: this node admitted the client's query.
  [[nodiscard]] Effects Start(bool sponsor);
  [[nodiscard]] Effects Step(const Event& event);
  // All that gathered since the last call, in as many Votes as it takes.
  [[nodiscard]] Effects Flush();
  // Others wait for something that gathered.
  bool urgent() const { return urgent_; }
  bool has_votes() const { return !pending_.empty(); }

  // No statement of this node any more (halted, or newer code disagrees with its journal).
  // What was gathered and not yet flushed is never said.
  void Silence() {
    silent_ = true;
    DropVotes();
  }

  const RoundId& id() const { return id_; }
  // With the panels of this round: its committee, where the query asks for one.
  const Roster& roster() const { return roster_; }
  const Verified<Query>& query() const { return query_; }
  bool finished() const { return finished_; }
  bool silent() const { return silent_; }

  // What this node holds, for peers that lack it and for the bundle.
  const std::map<NodeIndex, Verified<Sponsor>>& sponsors() const { return sponsors_; }
  const std::map<NodeIndex, VotesBySeq>& votes() const { return votes_; }
  const std::map<NodeIndex, Verified<Decision>>& decisions() const { return decisions_; }
  const SetAgreement& set(Phase phase) const {
    return phase == Phase::kAnswer ? answers_ : sheets_;
  }
  uint64_t ContiguousVotes(NodeIndex author) const;  // length of the run of seq from 0; quick

  // Sheets are due: the agreed answers. REQUIRES: the answer set has ended.
  const SlotSet& agreed_answers() const { return agreed_answers_; }
  const Digest& answers_digest() const { return answers_digest_; }
  // What this node computed, once both phases ended.
  const std::optional<Verdict>& verdict() const { return verdict_; }
  // What f+1 equal Decisions say; final.
  const std::optional<Verdict>& outcome() const { return outcome_; }
  // Decisions equal to the outcome.
  std::vector<Verified<Decision>> EqualDecisions() const;
  // This node's model is due, and nothing of it has been said yet.
  bool NeedsAnswer() const;
  bool NeedsSheet() const;
  // Agreed answers that are not Abstains. REQUIRES: the answer set has ended.
  const std::vector<NodeIndex>& usable_answers() const { return usable_answers_; }
  // In words, for a person who waits.
  std::string WaitingFor() const;

 private:
  void On(const event::SponsorReceived& e, Effects& out);
  void On(const event::ProposeReceived& e, Effects& out);
  void On(const event::VotesReceived& e, Effects& out);
  void On(const event::DecisionReceived& e, Effects& out);
  void On(const event::CertificateReceived& e, Effects& out);
  void On(const event::ModelFinished& e, Effects& out);
  void On(const event::TimerFired& e, Effects& out);
  void On(const event::UnlinkedChanged& e, Effects& out);

  SetAgreement& set(Phase phase) { return phase == Phase::kAnswer ? answers_ : sheets_; }
  void Heard(NodeIndex author, Effects& out);
  void Advance(Effects& out);
  void EndAnswers(Effects& out);
  void EndSheets(Effects& out);
  void SayDecision(Verdict verdict, Effects& out);
  void CountDecisions(Effects& out);
  bool ValidSheet(const Propose& propose) const;
  AggregateInput MakeInput() const;
  Verdict BaseVerdict(Outcome outcome) const;
  // Moves what the sets want said into the pending votes, and drops it all when silent.
  void Collect(Effects& out);
  bool IsUrgent(const Vote& vote) const;
  void DropVotes() {
    pending_.clear();
    urgent_ = false;
  }

  const Verified<Query> query_;
  const RoundId id_;
  const Roster roster_;
  const NodeIndex self_;
  SetAgreement answers_, sheets_;
  bool silent_ = false;

  std::map<NodeIndex, Verified<Sponsor>> sponsors_;
  std::map<NodeIndex, VotesBySeq> votes_;
  std::map<NodeIndex, Verified<Decision>> decisions_;
  std::map<NodeIndex, size_t> votes_bytes_;
  std::map<NodeIndex, uint64_t> votes_run_;  // length of the run of seq from 0
  NodeSet blamed_for_votes_;
  std::map<NodeIndex, size_t> evidence_;  // found so far, by author
  bool sponsored_ = false;                // by this node, as far as its database knows
  uint64_t next_seq_ = 0;
  std::vector<Vote> pending_;
  bool urgent_ = false;
  bool proposed_[2] = {false, false};
  bool decision_said_ = false;

  bool answers_done_ = false;
  SlotSet agreed_answers_;
  std::vector<NodeIndex> usable_answers_;
  Digest answers_digest_;
  std::optional<Verdict> verdict_;
  std::optional<Verdict> outcome_;
  bool finished_ = false;
};

}  // namespace decentd
