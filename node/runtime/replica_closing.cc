// The end of an open round at a replica: its record, of its own making or taken over.
#include <string>
#include <utility>

#include "node/proof/bundle.h"
#include "node/runtime/keys.h"
#include "node/runtime/replica.h"

namespace decentd {
namespace {

constexpr size_t kQuestionBytes = 240;  // of a question shown in a list

// The last thing a person said, cut at a character.
std::string QuestionOf(const Query& query) {
  if (query.messages.empty()) return "";
  std::string text = query.messages.back().content;
  if (text.size() <= kQuestionBytes) return text;
  size_t end = kQuestionBytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

Bundle MakeBundle(const Roster& roster, const Round& round) {
  Bundle bundle;
  bundle.roster = roster.CanonicalBytes();
  bundle.query = round.query().envelope();
  for (Phase phase : {Phase::kAnswer, Phase::kSheet}) {
    if (!round.set(phase).ended()) continue;
    for (const auto& [author, digest] : round.set(phase).agreed()) {
      const Broadcast& broadcast = *round.set(phase).broadcast(author);
      BundleSlot slot{{phase, author}, broadcast.payload()->envelope(), {}};
      for (const auto& votes : broadcast.certificate()) slot.certificate.push_back(votes.envelope());
      bundle.slots.push_back(std::move(slot));
    }
  }
  for (const auto& decision : round.EqualDecisions()) {
    bundle.decisions.push_back(decision.envelope());
  }
  return bundle;
}

}  // namespace

void Replica::CloseFinished() {
  while (!finished_.empty() || budget_freed_) {
    for (const RoundId& id : std::exchange(finished_, {})) Close(id, nullptr);
    // Rounds that waited for a sponsor's budget may begin, and speak in this batch.
    if (std::exchange(budget_freed_, false)) {
      for (const RoundId& id : admission_.Waiting()) TryJoin(id);
    }
    Settle();
  }
}

std::map<RoundId, Replica::OpenRound>::iterator Replica::Leave(
    std::map<RoundId, OpenRound>::iterator it) {
  const auto& [id, open] = *it;
  const std::string prefix = keys::OfRound(keys::kJournal, id);
  if (open.next_record > 0) out_.writes.DeleteRange(prefix, PrefixEnd(prefix));
  if (open.sponsor) {
    admission_.EndSponsored(*open.sponsor);
    budget_freed_ = true;
  }
  timers_.CancelRound(id);
  Call(action::CancelModels{id});
  touched_.erase(id);
  return rounds_.erase(it);
}

std::map<RoundId, Replica::OpenRound>::iterator Replica::GiveUp(
    std::map<RoundId, OpenRound>::iterator it, const std::string& why) {
  auto& [id, open] = *it;
  archive_.AddTombstone(id, open.round.query()->expiry_unix_ms, &out_.writes);
  Notify(open, {.type = Notice::Type::kGivenUp, .detail = why});
  Then(action::Report{true, "round " + id.Hex().substr(0, 12) +
                                " is given up here undecided: " + why});
  return Leave(it);
}

void Replica::On(input::GiveUp& in) {
  for (auto it = rounds_.begin(); it != rounds_.end();) it = GiveUp(it, in.reason);
}

// Turns a round into its record: of its own making, or checked and taken from a peer.
void Replica::Close(const RoundId& id, const input::Record* adopted) {
  auto it = rounds_.find(id);
  if (it == rounds_.end() && adopted == nullptr) return;
  if (it == rounds_.end()) {
    // Heard of only now; its events begin and end here.
    it = rounds_.try_emplace(id, roster_, self_, adopted->query).first;
    it->second.started_unix_ms = now_.unix_ms;
    it->second.round.Silence();
    admission_.Forget(id);
  }
  OpenRound& open = it->second;
  Verdict verdict;
  std::string bundle;
  if (adopted != nullptr) {
    verdict = adopted->bundle->verdict;
    bundle = adopted->bundle->bytes;
    const bool decided = verdict.outcome == Outcome::kDecided;
    if (!open.round.outcome()) {
      Notify(open, {.type = decided ? Notice::Type::kDecided : Notice::Type::kFailed,
                    .detail = decided ? "" : std::string(OutcomeName(verdict.outcome))});
    }
    Notify(open, {.type = Notice::Type::kCertified});
    Then(action::Report{
        false, "round " + id.Hex().substr(0, 12) + " taken over decided from " +
                   roster_.node(adopted->from).name});
  } else {
    verdict = *open.round.outcome();
    bundle = EncodeBundle(MakeBundle(roster_, open.round));
  }
  const store::v1::RoundSummary summary = MakeSummary(
      open, verdict, adopted == nullptr ? nullptr : adopted->bundle.get(), bundle.size());
  archive_.AddRecord(id, summary, open.round.query()->expiry_unix_ms, std::move(bundle),
                     &out_.writes);
  ++closed_;
  if (fetch_.Forget(id)) Then(action::DropRecord{id});
  Leave(it);
}

store::v1::RoundSummary Replica::MakeSummary(const OpenRound& open, const Verdict& verdict,
                                             const CheckedBundle* adopted,
                                             size_t bundle_bytes) const {
  store::v1::RoundSummary summary;
  summary.set_round_id(std::string(open.round.id().digest.View()));
  summary.set_started_unix_ms(open.started_unix_ms);
  summary.set_finished_unix_ms(now_.unix_ms);
  summary.set_question(QuestionOf(*open.round.query()));
  summary.set_outcome(static_cast<uint32_t>(verdict.outcome));
  summary.set_answers(verdict.answer_count);
  summary.set_sheets(verdict.sheet_count);
  summary.set_bundle_bytes(bundle_bytes);
  summary.set_expiry_unix_ms(open.round.query()->expiry_unix_ms);
  if (verdict.outcome == Outcome::kDecided) {
    SlotSet answers = open.round.agreed_answers();
    if (adopted != nullptr) {
      answers.clear();
      for (const auto& answer : adopted->input->answers) {
        answers.emplace_back(answer.author, answer.digest);
      }
    }
    for (const auto& [author, digest] : answers) {
      if (digest == verdict.winner) summary.set_winner(author.value);
    }
  }
  for (const RoundEvent& event : open.events) {
    store::v1::StoredEvent* out = summary.add_events();
    out->set_seq(event.seq);
    out->set_unix_ms(event.unix_ms);
    out->set_type(static_cast<uint32_t>(event.type));
    out->set_phase(static_cast<uint32_t>(event.phase));
    if (event.node) out->set_node(event.node->value);
    out->set_abstained(event.abstained);
    out->set_detail(event.detail);
    out->set_closed(static_cast<uint32_t>(event.closed));
  }
  return summary;
}

}  // namespace decentd
