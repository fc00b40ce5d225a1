// What clients ask of the driver.
#include "node/runtime/driver.h"
#include "node/runtime/records.h"

namespace decentd {

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
  absl::StatusOr<RoundSummary> over = records::Get({&store_, &verifier_.roster()}, round);
  // It may be open all the same.
  if (!asked && absl::IsNotFound(over.status())) {
    return absl::UnavailableError("the node is busy; try again");
  }
  return over;
}

std::vector<RoundSummary> Driver::OpenRounds() {
  std::vector<RoundSummary> open;
  Ask([&](const Replica& replica) { open = replica.OpenSummaries(Clock()); });
  return open;
}

absl::StatusOr<std::vector<RoundSummary>> Driver::ListRounds(size_t limit,
                                                             std::optional<RoundId> after) {
  return records::List(OpenRounds(), {{&store_, &verifier_.roster()}}, limit, after);
}

absl::StatusOr<std::string> Driver::GetBundle(const RoundId& round) {
  return records::Bundle(store_, round);
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
  return records::Evidence(store_);
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
