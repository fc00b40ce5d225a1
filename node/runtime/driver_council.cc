// What clients ask of the driver.
#include "node/runtime/driver.h"
#include "node/runtime/records.h"

namespace decentd {
namespace {

absl::Status Busy() { return absl::UnavailableError("the node is busy; try again"); }

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
  const records::Source source{&store_, &verifier_.roster()};
  // What is over stays as it is, however busy the driver.
  absl::StatusOr<RoundSummary> over = records::Get(source, round);
  if (!absl::IsNotFound(over.status())) return over;
  std::optional<RoundSummary> open;
  if (!Ask([&](const Replica& replica) { open = replica.OpenSummary(round, Clock()); })) {
    return Busy();
  }
  if (open) return *open;
  return records::Get(source, round);  // it may have ended between the two
}

absl::StatusOr<std::vector<RoundSummary>> Driver::OpenRounds() {
  std::vector<RoundSummary> open;
  if (!Ask([&](const Replica& replica) { open = replica.OpenSummaries(Clock()); })) return Busy();
  return open;
}

absl::StatusOr<std::vector<RoundSummary>> Driver::ListRounds(size_t limit,
                                                             std::optional<RoundId> after) {
  return records::List([this] { return OpenRounds(); }, {{&store_, &verifier_.roster()}}, limit,
                       after);
}

absl::StatusOr<std::string> Driver::GetBundle(const RoundId& round) {
  return records::Bundle(store_, round);
}

absl::StatusOr<NodeStatus> Driver::Status() {
  NodeStatus status;
  if (!Ask([&](const Replica& replica) { replica.FillStatus(Clock(), &status); })) return Busy();
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

absl::StatusOr<std::vector<StoredEvidence>> Driver::EvidenceOf(const RoundId& round) {
  return records::EvidenceOf(store_, round);
}

FaultCounts Driver::Faults() {
  FaultCounts named;
  const bool told = Ask([&](const Replica& replica) {
    for (const auto& [node, kinds] : replica.faults()) {
      for (const auto& [kind, count] : kinds) named[node][std::string(FaultName(kind))] = count;
    }
  });
  std::lock_guard lock(mutex_);
  if (told) faults_told_ = std::move(named);
  return faults_told_;
}

}  // namespace decentd
