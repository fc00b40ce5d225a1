// What clients ask of the driver.
#include <algorithm>

#include "node/codec/record_codec.h"
#include "node/core/verdict.h"
#include "node/runtime/archive.h"
#include "node/runtime/driver.h"
#include "node/runtime/keys.h"

namespace decentd {
namespace {

RoundSummary FromStored(const store::v1::RoundSummary& stored) {
  RoundSummary summary;
  if (const auto id = Digest::FromBytes(stored.round_id())) summary.id = RoundId{*id};
  const auto outcome = static_cast<Outcome>(stored.outcome());
  summary.state = outcome == Outcome::kDecided ? RoundSummary::State::kDecided
                                               : RoundSummary::State::kFailed;
  summary.started_unix_ms = stored.started_unix_ms();
  summary.finished_unix_ms = stored.finished_unix_ms();
  summary.question = stored.question();
  summary.outcome = std::string(OutcomeName(outcome));
  if (stored.has_winner()) summary.winner = NodeIndex{static_cast<uint16_t>(stored.winner())};
  summary.answers = static_cast<int>(stored.answers());
  summary.sheets = static_cast<int>(stored.sheets());
  summary.bundle_bytes = stored.bundle_bytes();
  return summary;
}

}  // namespace

void Driver::Submit(Verified<Query> query, std::function<void(absl::StatusOr<RoundId>)> done) {
  uint64_t ticket = 0;
  std::string problem;
  {
    std::lock_guard lock(mutex_);
    problem = stopping_ ? "the node is shutting down" : disk_problem_;
    if (problem.empty()) {
      ticket = next_ticket_++;
      submissions_.emplace(ticket, std::move(done));
    }
  }
  if (!problem.empty()) return done(absl::UnavailableError(problem));
  Push(std::nullopt, {input::Submit{std::move(query), ticket}}, 0);
}

absl::StatusOr<std::unique_ptr<Subscription>> Driver::Watch(
    const RoundId& round, uint64_t after_seq, std::function<void(const RoundEvent&)> on_event) {
  return board_.Watch(round, after_seq, std::move(on_event));
}

absl::StatusOr<RoundSummary> Driver::GetRound(const RoundId& round) {
  std::optional<RoundSummary> open;
  const bool asked =
      Ask([&](const Replica& replica) { open = replica.OpenSummary(round, Clock()); });
  if (open) return *open;
  const absl::StatusOr<store::v1::RoundSummary> stored = archive::ReadSummary(store_, round);
  if (stored.ok()) return FromStored(*stored);
  if (!absl::IsNotFound(stored.status())) return stored.status();
  const absl::StatusOr<Tombstone> tombstone = archive::ReadTombstone(store_, round);
  if (!tombstone.ok()) return tombstone.status();
  if (*tombstone == Tombstone::kGivenUp) {
    RoundSummary summary;
    summary.id = round;
    summary.state = RoundSummary::State::kUndecided;
    return summary;
  }
  if (!asked && *tombstone == Tombstone::kNone) {
    return absl::UnavailableError("the node is busy; try again");
  }
  return archive::WhyNoRecord(store_, round);
}

absl::StatusOr<std::vector<RoundSummary>> Driver::ListRounds(size_t limit,
                                                             std::optional<RoundId> after) {
  std::vector<RoundSummary> list;
  Ask([&](const Replica& replica) { list = replica.OpenSummaries(Clock()); });
  if (after) {
    const auto it = std::ranges::find(list, *after, &RoundSummary::id);
    if (it == list.end()) {
      list.clear();
    } else {
      list.erase(list.begin(), std::next(it));
      after.reset();
    }
  }
  if (list.size() < limit) {
    auto stored = archive::ReadSummaries(store_, limit - list.size(), after);
    if (!stored.ok()) return stored.status();
    for (const auto& one : *stored) list.push_back(FromStored(one));
  }
  if (list.size() > limit) list.resize(limit);
  return list;
}

absl::StatusOr<std::string> Driver::GetBundle(const RoundId& round) {
  absl::StatusOr<std::string> bundle = archive::ReadBundle(store_, round);
  if (!absl::IsNotFound(bundle.status())) return bundle;
  const absl::StatusOr<Tombstone> tombstone = archive::ReadTombstone(store_, round);
  if (!tombstone.ok()) return tombstone.status();
  if (*tombstone != Tombstone::kNone) return archive::WhyNoRecord(store_, round);
  return absl::NotFoundError("round " + round.Hex() + " has no certified decision here yet");
}

absl::StatusOr<NodeStatus> Driver::Status() {
  NodeStatus status;
  if (!Ask([&](const Replica& replica) { replica.FillStatus(Clock(), &status); })) {
    return absl::UnavailableError("the node is busy; try again");
  }
  status.version = version_;
  status.started_unix_ms = started_unix_ms_;
  status.store_bytes = store_.ApproximateBytes();
  status.synced_writes = synced_writes_;
  status.bytes_written = bytes_written_;
  std::lock_guard lock(mutex_);
  status.mailbox_inputs = mailbox_.size();
  if (!disk_problem_.empty()) {
    status.voting = false;
    status.not_voting_because = disk_problem_;
  }
  return status;
}

std::unique_ptr<Subscription> Driver::WatchVoting(std::function<void(bool)> on_change) {
  return voting_.Watch(std::move(on_change));
}

absl::StatusOr<std::vector<StoredEvidence>> Driver::ListEvidence() {
  std::vector<StoredEvidence> list;
  absl::Status status = store_.Scan(
      keys::kEvidence, PrefixEnd(keys::kEvidence), false,
      [&](std::string_view key, std::string_view value) {
        const auto record = DecodeEvidence(value);
        const auto id = Digest::FromBytes(key.substr(keys::kEvidence.size()));
        if (!record.ok() || !id) return true;
        list.push_back({id->Hex(), record->evidence.author,
                        std::string(EvidenceName(record->evidence.type)), record->round,
                        record->unix_ms, std::string(value)});
        return true;
      });
  if (!status.ok()) return status;
  std::ranges::sort(list, {}, &StoredEvidence::unix_ms);
  return list;
}

std::map<NodeIndex, std::map<std::string, uint64_t>> Driver::Faults() {
  std::map<NodeIndex, std::map<std::string, uint64_t>> named;
  Ask([&](const Replica& replica) {
    for (const auto& [node, kinds] : replica.faults()) {
      for (const auto& [kind, count] : kinds) named[node][std::string(FaultName(kind))] = count;
    }
  });
  return named;
}

}  // namespace decentd
