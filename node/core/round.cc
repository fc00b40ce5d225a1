#include "node/core/round.h"

#include <algorithm>

namespace decentd {
namespace {

uint32_t Deadline(uint32_t asked, uint32_t usual, uint32_t least) {
  return std::max(asked == 0 ? usual : asked, least);
}

SetAgreement MakeSet(const Roster& roster, NodeIndex self, Phase phase, const Query& query) {
  const bool answer = phase == Phase::kAnswer;
  const PhaseDeadlines& d = answer ? roster.parameters().answer : roster.parameters().sheet;
  const uint32_t soft =
      Deadline(answer ? query.answer_soft_ms : query.sheet_soft_ms, d.soft_ms, d.min_soft_ms);
  const uint32_t hard =
      Deadline(answer ? query.answer_hard_ms : query.sheet_hard_ms, d.hard_ms, d.min_hard_ms);
  // A query may stretch one and not the other; hard stays behind soft.
  return SetAgreement(roster, self, phase, soft, std::max(hard, soft + 1));
}

}  // namespace

Round::Round(const Roster& roster, NodeIndex self, Verified<Query> query)
    : query_(std::move(query)),
      id_{query_.body_digest()},
      roster_(roster.Committee(id_, query_->committee)),
      self_(self),
      answers_(MakeSet(roster_, self, Phase::kAnswer, *query_)),
      sheets_(MakeSet(roster_, self, Phase::kSheet, *query_)) {}

Effects Round::Start(bool sponsor) {
  Effects out;
  out.accepted = true;
  out.notices.push_back({.type = Notice::Type::kAdmitted});
  sponsored_ = sponsor;
  if (sponsor) out.say.push_back(Sponsor{id_});
  answers_.Enter([](const Propose&) { return true; }, out);
  out.start_answer = roster_.panel(Phase::kAnswer).Has(self_);
  Advance(out);
  Collect(out);
  return out;
}

Effects Round::Step(const Event& event) {
  Effects out;
  std::visit([&](const auto& e) { On(e, out); }, event);
  Advance(out);
  Collect(out);
  return out;
}

Effects Round::Flush() {
  Effects out;
  for (auto rest = pending_.begin(); rest != pending_.end();) {
    const auto end =
        rest + std::min<std::ptrdiff_t>(limits::kMaxVotesInBody, pending_.end() - rest);
    out.say.push_back(Votes{id_, next_seq_++, std::vector<Vote>(rest, end)});
    rest = end;
  }
  DropVotes();
  return out;
}

// Without faults nobody waits for an ENTER, a DECIDED or an author's echo of itself: that goes with
// what is said next, and spares every node a signature to check.
bool Round::IsUrgent(const Vote& vote) const {
  if (const auto* echo = std::get_if<vote::Echo>(&vote)) return echo->slot.author != self_;
  return !std::holds_alternative<vote::Enter>(vote) && !std::holds_alternative<vote::Decided>(vote);
}

void Round::Collect(Effects& out) {
  // After q Decisions nobody needs this node's votes (SPEC section 5): it serves what it holds.
  if (silent_ || finished_) {
    DropVotes();
  } else {
    pending_.insert(pending_.end(), out.votes.begin(), out.votes.end());
    urgent_ |= std::ranges::any_of(out.votes, [this](const Vote& vote) { return IsUrgent(vote); });
  }
  out.votes.clear();
  // A few proofs convict an author; a liar could fill the disk with more.
  std::erase_if(out.evidence, [this](const Evidence& evidence) {
    return ++evidence_[evidence.author] > limits::kMaxEvidencePerAuthor;
  });
  if (!silent_) return;
  out.say.clear();
  out.start_answer = out.start_sheet = false;
  out.prepare.clear();
}

void Round::On(const event::SponsorReceived& e, Effects& out) {
  if (e.sponsor.author() == self_ && !sponsored_ && !silent_) {
    out.halt = "a sponsorship signed by this node arrived that its database does not hold";
    return;
  }
  if (!sponsors_.emplace(e.sponsor.author(), e.sponsor).second) return;
  out.accepted = true;
  Heard(e.sponsor.author(), out);
}

void Round::On(const event::ProposeReceived& e, Effects& out) {
  const NodeIndex author = e.propose.author();
  const Phase phase = e.propose->phase;
  // A silent round says nothing that could contradict what arrives.
  if (author == self_ && !silent_) {
    const Broadcast* own = set(phase).broadcast(self_);
    const Verified<Propose>* held = own == nullptr ? nullptr : own->first();
    if (!proposed_[static_cast<int>(phase)] ||
        (held != nullptr && held->body_digest() != e.propose.body_digest())) {
      out.halt = "a proposal signed by this node arrived that its database does not hold";
      return;
    }
  }
  set(phase).OnPropose(e.propose, out);
  // Only what is journaled may change the round: a repetition is not news of its author.
  if (out.accepted) Heard(author, out);
}

void Round::On(const event::VotesReceived& e, Effects& out) {
  const NodeIndex author = e.votes.author();
  if (author == self_ && e.votes->seq >= next_seq_) {
    if (!silent_) {
      out.halt = "votes signed by this node arrived that its database does not hold";
      return;
    }
    next_seq_ = e.votes->seq + 1;
  }
  const size_t bytes = e.votes.envelope()->body.size();
  if (author != self_ &&
      votes_bytes_[author] + bytes > limits::MaxVotesBytesPerRound(roster_.n())) {
    out.blames.push_back({author, FaultKind::kOverBudget});
    return;
  }
  auto [it, added] = votes_[author].emplace(e.votes->seq, e.votes);
  if (!added) {
    if (it->second.body_digest() == e.votes.body_digest()) return;
    if (author == self_) {
      if (silent_) return;
      out.halt = "other votes signed by this node arrived than its database holds";
    } else if (blamed_for_votes_.Add(author)) {
      out.accepted = true;
      out.evidence.push_back({Evidence::Type::kVotes, author, it->second.envelope(),
                              e.votes.envelope()});
    }
    return;
  }
  votes_bytes_[author] += bytes;
  uint64_t& run = votes_run_[author];
  for (; it != votes_[author].end() && it->first == run; ++it) ++run;
  out.accepted = true;
  Heard(author, out);
  answers_.OnVotes(e.votes, out);
  sheets_.OnVotes(e.votes, out);
}

void Round::On(const event::DecisionReceived& e, Effects& out) {
  const NodeIndex author = e.decision.author();
  if (author == self_ && !decision_said_ && !silent_) {
    out.halt = "a decision signed by this node arrived that its database does not hold";
    return;
  }
  if (!decisions_.emplace(author, e.decision).second) return;
  out.accepted = true;
  Heard(author, out);
}

void Round::On(const event::CertificateReceived& e, Effects& out) {
  for (const Verified<Votes>& votes : e.certificate.votes()) {
    if (votes.author() != self_ || silent_) continue;
    const auto own = votes_[self_].find(votes->seq);
    if (own == votes_[self_].end() || own->second.body_digest() != votes.body_digest()) {
      out.halt = "a certificate holds votes signed by this node that its database does not hold";
      return;
    }
  }
  set(e.certificate.slot().phase).OnCertificate(e.certificate, out);
}

void Round::On(const event::ModelFinished& e, Effects& out) {
  bool& proposed = proposed_[static_cast<int>(e.phase)];
  if (proposed || silent_ || finished_) return;
  if (!roster_.panel(e.phase).Has(self_)) return;
  if (e.phase == Phase::kSheet && !sheets_.entered()) return;
  proposed = true;
  out.accepted = true;
  out.say.push_back(Propose{id_, e.phase, e.payload});
}

void Round::On(const event::TimerFired& e, Effects& out) {
  set(e.timer.slot.phase).OnTimer(e.timer, out);
}

void Round::On(const event::UnlinkedChanged& e, Effects& out) {
  out.accepted = true;
  answers_.OnUnlinked(e.unlinked, out);
  sheets_.OnUnlinked(e.unlinked, out);
}

void Round::Heard(NodeIndex author, Effects& out) {
  answers_.OnHeard(author, out);
  sheets_.OnHeard(author, out);
}

void Round::Advance(Effects& out) {
  if (answers_.ended() && !answers_done_) EndAnswers(out);
  if (sheets_.ended() && !verdict_) EndSheets(out);
  CountDecisions(out);
}

void Round::EndAnswers(Effects& out) {
  answers_done_ = true;
  agreed_answers_ = answers_.agreed();
  answers_digest_ = DigestOfSet(agreed_answers_);
  for (const auto& [author, digest] : agreed_answers_) {
    if ((*answers_.broadcast(author)->payload())->usable()) usable_answers_.push_back(author);
  }
  if (static_cast<int>(usable_answers_.size()) < roster_.minimum(Phase::kAnswer)) {
    SayDecision(BaseVerdict(Outcome::kTooFewAnswers), out);
    return;
  }
  sheets_.Enter([this](const Propose& propose) { return ValidSheet(propose); }, out);
  out.start_sheet = roster_.panel(Phase::kSheet).Has(self_);
}

void Round::EndSheets(Effects& out) {
  if (sheets_.usable() < roster_.minimum(Phase::kSheet)) {
    SayDecision(BaseVerdict(Outcome::kTooFewSheets), out);
    return;
  }
  const AggregateInput input = MakeInput();
  const AggregateResult result = Aggregate(roster_, roster_.parameters().rule, input);
  Verdict verdict = BaseVerdict(Outcome::kDecided);
  verdict.winner = input.answers[result.ranking.front()].digest;
  verdict.result = result.digest;
  SayDecision(std::move(verdict), out);
}

bool Round::ValidSheet(const Propose& propose) const {
  const Sheet* sheet = std::get_if<Sheet>(&propose.payload);
  if (sheet == nullptr) return true;  // an Abstain
  if (sheet->answers != answers_digest_) return false;
  return std::equal(sheet->entries.begin(), sheet->entries.end(), usable_answers_.begin(),
                    usable_answers_.end(),
                    [](const SheetEntry& entry, NodeIndex author) { return entry.author == author; });
}

AggregateInput Round::MakeInput() const {
  AggregateInput input;
  for (const auto& [author, digest] : agreed_answers_) {
    if (std::binary_search(usable_answers_.begin(), usable_answers_.end(), author)) {
      input.answers.push_back({author, digest});
    }
  }
  const SlotSet agreed_sheets = sheets_.agreed();
  for (const auto& [author, digest] : agreed_sheets) {
    const Propose& propose = **sheets_.broadcast(author)->payload();
    if (const Sheet* sheet = std::get_if<Sheet>(&propose.payload)) {
      input.sheets.push_back({author, sheet->entries});
    }
  }
  input.sheets_digest = DigestOfSet(agreed_sheets);
  return input;
}

Verdict Round::BaseVerdict(Outcome outcome) const {
  Verdict verdict;
  verdict.outcome = outcome;
  verdict.answers = answers_digest_;
  verdict.answer_count = static_cast<uint16_t>(usable_answers_.size());
  const bool sheets = sheets_.ended();
  verdict.sheets = DigestOfSet(sheets ? sheets_.agreed() : SlotSet{});
  verdict.sheet_count = static_cast<uint16_t>(sheets ? sheets_.usable() : 0);
  verdict.workers = static_cast<uint16_t>(roster_.panel_size(Phase::kAnswer));
  verdict.evaluators = static_cast<uint16_t>(roster_.panel_size(Phase::kSheet));
  verdict.rule = roster_.parameters().rule;
  return verdict;
}

void Round::SayDecision(Verdict verdict, Effects& out) {
  verdict_ = std::move(verdict);
  out.stop_models = true;
  if (decision_said_) return;
  decision_said_ = true;
  out.say.push_back(Decision{id_, verdict_->Encode(), answers_.closed(), sheets_.closed()});
}

void Round::CountDecisions(Effects& out) {
  if (finished_) return;
  if (!outcome_) {
    std::map<std::string_view, int> count;
    for (const auto& [author, decision] : decisions_) {
      if (++count[decision->verdict] == roster_.f() + 1) outcome_ = Verdict::Decode(decision->verdict);
    }
    if (!outcome_) return;
    const bool decided = outcome_->outcome == Outcome::kDecided;
    out.notices.push_back({.type = decided ? Notice::Type::kDecided : Notice::Type::kFailed,
                           .detail = decided ? std::string()
                                             : std::string(OutcomeName(outcome_->outcome))});
    out.stop_models = true;
  }
  if (!verdict_) return;  // the bundle needs what this node agreed on itself
  if (verdict_ != outcome_) {
    if (!silent_) out.halt = "this node computed another verdict than f+1 nodes signed";
    return;
  }
  if (static_cast<int>(EqualDecisions().size()) < roster_.quorum()) return;
  finished_ = true;
  out.finished = true;
  out.notices.push_back({.type = Notice::Type::kCertified});
}

std::vector<Verified<Decision>> Round::EqualDecisions() const {
  std::vector<Verified<Decision>> equal;
  if (!outcome_) return equal;
  const std::string verdict = outcome_->Encode();
  for (const auto& [author, decision] : decisions_) {
    if (decision->verdict == verdict) equal.push_back(decision);
  }
  return equal;
}

uint64_t Round::ContiguousVotes(NodeIndex author) const {
  const auto it = votes_run_.find(author);
  return it == votes_run_.end() ? 0 : it->second;
}

bool Round::NeedsAnswer() const {
  return !silent_ && !proposed_[0] && !answers_.ended() && answers_.panel().Has(self_);
}

bool Round::NeedsSheet() const {
  return !silent_ && !proposed_[1] && sheets_.entered() && !sheets_.ended() &&
         sheets_.panel().Has(self_);
}

std::string Round::WaitingFor() const {
  if (finished_) return "";
  const auto missing = [&](Phase phase) {
    std::string names;
    roster_.panel(phase).ForEach([&](NodeIndex author) {
      if (set(phase).broadcast(author)->certified()) return;
      names += (names.empty() ? "" : ", ") + roster_.node(author).name;
    });
    return names;
  };
  if (!answers_.ended()) {
    const std::string names = missing(Phase::kAnswer);
    return names.empty() ? "agreement on the answers" : "answers of " + names;
  }
  if (!verdict_) {
    const std::string names = missing(Phase::kSheet);
    return names.empty() ? "agreement on the sheets" : "sheets of " + names;
  }
  return "decisions of other nodes";
}

}  // namespace decentd
