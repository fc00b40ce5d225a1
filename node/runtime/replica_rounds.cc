// Open rounds of a replica: joining, delivering, signing what they say.
#include <algorithm>
#include <type_traits>

#include "node/codec/peer_codec.h"
#include "node/runtime/journal.h"
#include "node/runtime/keys.h"
#include "node/runtime/replica.h"

namespace decentd {
namespace {

constexpr int64_t kFirstHaveMs = 500;   // by then a round without trouble is over
constexpr int64_t kLongestHoldMs = 20;  // of votes that nobody waits for
constexpr size_t kOwnFrameBytes = 1u << 20;

Event ToEvent(const AnyVerified& statement) {
  return std::visit(
      [](const auto& message) -> Event {
        using T = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<T, Verified<Sponsor>>) return event::SponsorReceived{message};
        if constexpr (std::is_same_v<T, Verified<Propose>>) return event::ProposeReceived{message};
        if constexpr (std::is_same_v<T, Verified<Votes>>) return event::VotesReceived{message};
        if constexpr (std::is_same_v<T, Verified<Decision>>) {
          return event::DecisionReceived{message};
        }
        return event::UnlinkedChanged{};  // a node states nothing else in a round
      },
      statement);
}

}  // namespace

Replica::OpenRound& Replica::Join(Admission::Joined joined, bool sponsor) {
  const RoundId id{joined.query.body_digest()};
  OpenRound& open = rounds_.try_emplace(id, roster_, self_, joined.query).first->second;
  touched_.insert(id);
  open.sponsor = joined.sponsor;
  open.started_unix_ms = now_.unix_ms;
  open.next_have_ms = now_.monotonic_ms + kFirstHaveMs;
  if (joined.sponsor) {
    admission_.BeginSponsored(*joined.sponsor);
    open.record.set_sponsor(joined.sponsor->value);
  }
  journal::AppendQuery(joined.query, &open.record);
  Relay(*joined.query.envelope());
  if (!halted_.empty()) open.round.Silence();
  Apply(open, open.round.Start(sponsor));
  if (!unlinked_.Empty()) Deliver(open, event::UnlinkedChanged{unlinked_});
  for (const Event& event : joined.events) {
    if (const auto* s = std::get_if<event::SponsorReceived>(&event)) {
      Relay(*s->sponsor.envelope());
    }
    Deliver(open, event);
  }
  return open;
}

void Replica::Relay(const Envelope& envelope) {
  if (replaying_) return;
  if (own_ && own_->ByteSizeLong() > kOwnFrameBytes) {
    Then(action::Send{std::nullopt, std::move(own_)});
    own_ = nullptr;
  }
  if (!own_) own_ = std::make_shared<peer::v1::Frame>();
  ToProto(envelope, own_->mutable_envelopes()->add_envelopes());
}

void Replica::Deliver(OpenRound& open, const Event& event) {
  Effects effects = open.round.Step(event);
  if (effects.accepted) {
    journal::Append(event, &open.record);
    open.changed_since_have = true;
  }
  Apply(open, std::move(effects));
}

void Replica::Apply(OpenRound& open, Effects effects) {
  const RoundId& id = open.round.id();
  touched_.insert(id);
  for (Statement& statement : effects.say) unsaid_.push_back({id, std::move(statement)});
  for (const TimerRequest& timer : effects.timers) timers_.Set(id, timer);
  for (const Blame& blame : effects.blames) ++faults_[blame.author][blame.kind];
  for (const Evidence& evidence : effects.evidence) {
    ++faults_[evidence.author][FaultKind::kEquivocation];
    if (replaying_) continue;
    evidence_.Add(evidence, id, now_.unix_ms, &out_.writes);
    Then(action::Report{true, "equivocation",
                        roster_.node(evidence.author).name +
                            " signed two conflicting messages in round " + id.Hex().substr(0, 12) +
                            "; the evidence is stored (decentctl evidence ls)",
                        id, evidence.author});
    Relay(*evidence.first);
    Relay(*evidence.second);
  }
  for (const Notice& notice : effects.notices) Notify(open, notice);
  if (!replaying_) {
    StartModels(open, effects);
    if (effects.stop_models) Call(action::CancelModels{id});
  }
  if (effects.finished) finished_.insert(id);
  if (!effects.halt.empty()) {
    open.round.Silence();
    if (!replaying_) Halt(effects.halt);
  }
}

void Replica::Notify(OpenRound& open, const Notice& notice) {
  RoundEvent event;
  event.seq = open.events.size() + 1;
  event.unix_ms = now_.unix_ms;
  event.type = static_cast<RoundEvent::Type>(notice.type);
  event.phase = notice.phase;
  event.node = notice.node;
  event.abstained = notice.abstained;
  event.detail = notice.detail;
  event.closed = notice.closed;
  open.events.push_back(event);
  Then(action::Publish{open.round.id(), std::move(event)});
}

void Replica::StartModels(OpenRound& open, const Effects& effects) {
  const Round& round = open.round;
  if (effects.start_answer) {
    Call(action::StartAnswer{{round.id(), round.query()->messages, round.query()->sampling}});
  }
  for (NodeIndex author : effects.prepare) {
    if (!round.roster().panel(Phase::kSheet).Has(self_)) break;
    Call(action::PrepareJudge{MakeJudgeRequest(round, {author})});
  }
  if (effects.start_sheet) {
    Call(action::StartJudge{MakeJudgeRequest(round, round.usable_answers())});
  }
}

JudgeRequest Replica::MakeJudgeRequest(const Round& round,
                                       const std::vector<NodeIndex>& authors) const {
  JudgeRequest request{
      round.id(), self_, round.query()->messages, {}, roster_.parameters().criteria};
  for (NodeIndex author : authors) {
    const Verified<Propose>& propose = *round.set(Phase::kAnswer).broadcast(author)->payload();
    request.answers.push_back(
        {author, propose.body_digest(), std::get<Answer>(propose->payload).text});
  }
  return request;
}

// Signs what the rounds want said and feeds it back, until nothing more is said.
void Replica::Settle() {
  for (;;) {
    if (unsaid_.empty()) {
      for (const RoundId& id : touched_) {
        if (auto it = rounds_.find(id); it != rounds_.end()) FlushDue(it->second);
      }
      if (unsaid_.empty()) return;
    }
    for (const Saying& saying : std::exchange(unsaid_, {})) {
      auto it = rounds_.find(saying.round);
      // Silent: halted since, maybe by what arrived in this very batch.
      if (it == rounds_.end() || it->second.round.silent()) continue;
      const AnyVerified statement = SignAndJournal(it->second, saying.statement);
      Apply(it->second, it->second.round.Step(ToEvent(statement)));
    }
  }
}

void Replica::FlushDue(OpenRound& open) {
  if (!open.round.has_votes()) {
    open.say_by_ms.reset();
    return;
  }
  if (!open.say_by_ms) open.say_by_ms = now_.monotonic_ms + kLongestHoldMs;
  if (!open.round.urgent() && now_.monotonic_ms < *open.say_by_ms) return;
  open.say_by_ms.reset();
  Apply(open, open.round.Flush());
}

AnyVerified Replica::SignAndJournal(OpenRound& open, const Statement& statement) {
  Envelope envelope = std::visit(
      [&](const auto& s) { return SignStatement(signer_, roster_, self_, s); }, statement);
  journal::AppendOwn(envelope, &open.record);
  open.changed_since_have = true;
  Relay(envelope);
  return verifier_.TrustOwn(std::move(envelope));
}

void Replica::Halt(const std::string& reason) {
  if (!halted_.empty()) return;
  halted_ = reason;
  out_.writes.Put(std::string(keys::kHalted), reason);
  Then(action::Report{true, "halt",
                      "this node stops voting: " + reason +
                          ". Was its database lost or restored from an old copy? See decentd "
                          "--help, --accept-lost-database",
                      std::nullopt, std::nullopt});
  Then(action::Halted{reason});
  for (auto& [id, open] : rounds_) open.round.Silence();
}

}  // namespace decentd
