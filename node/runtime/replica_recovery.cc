// From the store back to where a replica was: the journals of the open rounds are replayed, and
// the node says again what it said and nothing else (docs/SPEC.md, section 11).
#include <algorithm>

#include "node/codec/peer_codec.h"
#include "node/runtime/journal.h"
#include "node/runtime/keys.h"
#include "node/runtime/replica.h"

namespace decentd {

absl::StatusOr<std::unique_ptr<Replica>> Replica::Recover(const Roster& roster,
                                                          const Options& options,
                                                          const Signer& signer,
                                                          const Verifier& verifier,
                                                          const Store& store, Now now,
                                                          Output* first) {
  absl::StatusOr<Archive> archive = Archive::Open(store);
  if (!archive.ok()) return archive.status();
  absl::StatusOr<EvidenceLog> evidence = EvidenceLog::Open(store);
  if (!evidence.ok()) return evidence.status();
  std::unique_ptr<Replica> replica(new Replica(roster, options, signer, verifier, store,
                                               *std::move(archive), *std::move(evidence), now));
  if (absl::Status status = replica->ReplayAll(); !status.ok()) return status;
  *first = replica->Finish();
  return replica;
}

absl::Status Replica::ReplayAll() {
  const absl::StatusOr<std::string> halted = store_.Get(keys::kHalted);
  if (halted.ok()) halted_ = *halted;
  std::map<RoundId, std::vector<store::v1::JournalRecord>> journals;
  std::map<RoundId, uint64_t> next_record;
  absl::Status damage;
  const absl::Status status = store_.Scan(
      keys::kJournal, PrefixEnd(keys::kJournal), false,
      [&](std::string_view key, std::string_view value) {
        const auto round = keys::RoundOf(key);
        store::v1::JournalRecord record;
        if (!round || !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          damage = absl::DataLossError("a journal record does not parse");
          return false;
        }
        journals[*round].push_back(std::move(record));
        next_record[*round] = keys::FromBigEndian(key.substr(key.size() - 8)) + 1;
        return true;
      });
  if (!status.ok()) return status;
  if (!damage.ok()) return damage;

  // Another roster than the one these rounds ran under: they are never voted in again.
  const std::string cluster(roster_.cluster_id().View());
  const absl::StatusOr<std::string> previous = store_.Get(keys::kCluster);
  const bool other_roster = previous.ok() && *previous != cluster;
  if (!previous.ok() || other_roster) out_.writes.Put(std::string(keys::kCluster), cluster);
  for (const auto& [id, records] : journals) {
    if (other_roster) {
      const int64_t latest =
          now_.unix_ms + static_cast<int64_t>(roster_.parameters().longest_lifetime_ms);
      archive_.AddTombstone(id, latest, &out_.writes);
      const std::string prefix = keys::OfRound(keys::kJournal, id);
      out_.writes.DeleteRange(prefix, PrefixEnd(prefix));
      continue;
    }
    if (absl::Status replayed = ReplayRound(id, records); !replayed.ok()) return replayed;
    rounds_.at(id).next_record = next_record[id];
  }
  AfterReplay();
  return absl::OkStatus();
}

absl::Status Replica::ReplayRound(const RoundId& id,
                                  const std::vector<store::v1::JournalRecord>& records) {
  const auto damaged = [&](std::string_view why) {
    return absl::DataLossError("the journal of round " + id.Hex() + " is damaged: " +
                               std::string(why));
  };
  replaying_ = true;
  const Now now = now_;
  OpenRound* open = nullptr;
  std::vector<Statement> expected;  // said by the replayed round, not yet found in the journal
  const auto take_said = [&] {
    for (Saying& saying : std::exchange(unsaid_, {})) {
      expected.push_back(std::move(saying.statement));
    }
  };
  for (const store::v1::JournalRecord& record : records) {
    now_.unix_ms = record.unix_ms();
    auto entries = journal::Decode(record, id, verifier_);
    if (!entries.ok()) return damaged(std::string(entries.status().message()));
    for (journal::Entry& entry : *entries) {
      if (auto* query = std::get_if<Verified<Query>>(&entry)) {
        if (open != nullptr || RoundId{query->body_digest()} != id) return damaged("a second query");
        open = &rounds_.try_emplace(id, roster_, self_, *query).first->second;
        open->started_unix_ms = record.unix_ms();
        if (record.has_sponsor()) {
          open->sponsor = NodeIndex{static_cast<uint16_t>(record.sponsor())};
          admission_.BeginSponsored(*open->sponsor);
        }
        Apply(*open, open->round.Start(open->sponsor == self_));
      } else if (open == nullptr) {
        return damaged("it does not begin with the query");
      } else if (auto* event = std::get_if<Event>(&entry)) {
        if (auto* timer = std::get_if<event::TimerFired>(event)) timers_.Cancel(id, timer->timer);
        Apply(*open, open->round.Step(*event));
      } else {
        take_said();
        ReplayOwn(*open, std::get<journal::Own>(entry).statement, expected);
      }
      take_said();
    }
  }
  if (open == nullptr) return damaged("it is empty");
  // The journal ends at the end of a batch, where nothing is left unsaid that others wait for:
  // this code would say something that the code which wrote the journal did not.
  if (!expected.empty() || open->round.urgent()) open->round.Silence();
  if (!halted_.empty()) open->round.Silence();
  out_.actions.clear();
  for (const RoundEvent& event : open->events) {
    replayed_events_.push_back(action::Publish{id, event});
  }
  now_ = now;
  replaying_ = false;
  return absl::OkStatus();
}

void Replica::ReplayOwn(OpenRound& open, const AnyVerified& statement,
                        std::vector<Statement>& expected) {
  std::visit(
      [&](const auto& message) {
        using T = std::decay_t<decltype(*message)>;
        using Value = std::remove_cv_t<std::remove_reference_t<T>>;
        if constexpr (std::is_same_v<Value, Query> || std::is_same_v<Value, Heartbeat>) {
          open.round.Silence();
        } else {
          // One flush may have been split into several Votes; the first of them brings them all.
          if (std::is_same_v<Value, Votes> &&
              (expected.empty() || !std::holds_alternative<Votes>(expected.front()))) {
            Effects flushed = open.round.Flush();
            expected.insert(expected.begin(), flushed.say.begin(), flushed.say.end());
          }
          const Value* same =
              expected.empty() ? nullptr : std::get_if<Value>(&expected.front());
          const bool again = same != nullptr && EncodeBody(*same) == message.envelope()->body;
          if (again) {
            expected.erase(expected.begin());
          } else {
            // Other code wrote this journal: what it said stays said, and nothing is added to it.
            open.round.Silence();
          }
          if constexpr (std::is_same_v<Value, Sponsor>) {
            Apply(open, open.round.Step(event::SponsorReceived{message}));
          } else if constexpr (std::is_same_v<Value, Propose>) {
            Apply(open, open.round.Step(event::ProposeReceived{message}));
          } else if constexpr (std::is_same_v<Value, Votes>) {
            Apply(open, open.round.Step(event::VotesReceived{message}));
          } else {
            Apply(open, open.round.Step(event::DecisionReceived{message}));
          }
        }
      },
      statement);
}

// Models whose results were not journaled are asked again; peers are told what is held.
void Replica::AfterReplay() {
  touched_.clear();
  unsaid_.clear();
  tell_unlinked_ = true;
  for (action::Publish& event : replayed_events_) Then(std::move(event));
  replayed_events_.clear();
  for (auto& [id, open] : rounds_) {
    open.next_have_ms = now_.monotonic_ms;
    if (open.round.has_votes()) open.say_by_ms = now_.monotonic_ms;
    Effects effects;
    effects.start_answer = open.round.NeedsAnswer();
    effects.start_sheet = open.round.NeedsSheet();
    StartModels(open, effects);
    if (open.round.silent()) {
      Then(action::Report{
          true, "silent round",
          "stays silent in round " + id.Hex().substr(0, 12) +
              ": this version would say something else there than its journal holds",
          id, std::nullopt});
    }
  }
}

}  // namespace decentd
