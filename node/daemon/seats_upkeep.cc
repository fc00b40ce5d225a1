// What becomes of seats by themselves: the end of a roster that is closing, old rounds of retired
// ones, and whether the node votes.
#include <algorithm>
#include <utility>

#include "node/daemon/seats.h"
#include "node/runtime/archive.h"
#include "node/runtime/keys.h"

namespace decentd {
namespace {

constexpr int64_t kRetainEveryMs = 60 * 60 * 1000;

}  // namespace

std::string Named(const Roster& roster) {
  return "roster " + roster.cluster_id().Hex().substr(0, 12) + " (epoch " +
         std::to_string(roster.epoch()) + ")";
}

// First what is open is given up durably, then the roster is retired durably: a crash between the two
// leaves one that is closing and has nothing open, and so does a disk that fills up between them.
absl::Status Seats::End(const AdoptedPtr& closing, const std::string& reason) {
  if (absl::Status status = Save(closing->record); !status.ok()) return status;
  SeatVotes leaving;
  {
    std::lock_guard lock(mutex_);
    const auto votes = std::ranges::find(votes_, closing->seat, &SeatVotes::seat);
    if (votes != votes_.end()) {
      leaving = std::move(*votes);
      votes_.erase(votes);
    }
  }
  leaving.subscription.reset();
  closing->seat->End(reason);
  absl::Status saved = SetState(closing, SeatRecord::State::kRetired).status();
  TellVoting();
  if (!saved.ok()) return saved;
  environment_.logger->info("{} is retired; its rounds are kept", Named(closing->record.roster));
  return absl::OkStatus();
}

void Seats::Maintain() {
  std::lock_guard changing(changing_);
  const int64_t now = Driver::Clock().unix_ms;
  for (const AdoptedPtr& one : served()) {
    if (one->record.state != SeatRecord::State::kClosing) continue;
    // Until then another node may have taken a question that runs to its latest expiry.
    const auto lifetime =
        static_cast<int64_t>(one->record.roster.parameters().longest_lifetime_ms);
    if (now < one->record.since_unix_ms + lifetime) continue;
    const absl::StatusOr<NodeStatus> status = one->seat->council().Status();
    if (!status.ok() || status->rounds_open > 0) continue;
    if (absl::Status ended = End(one, "this node has retired the round's roster"); !ended.ok()) {
      environment_.logger->warn("cannot retire {}: {}", Named(one->record.roster),
                                std::string(ended.message()));
    }
  }
  if (now < next_retain_unix_ms_) return;
  next_retain_unix_ms_ = now + kRetainEveryMs;
  for (const AdoptedPtr& one : all()) {
    if (!one->record.live()) RetainKept(*one);
  }
}

// A seat that is served sees to its own.
void Seats::RetainKept(const Adopted& kept) {
  WriteBatch writes;
  absl::StatusOr<Archive> archive = Archive::Open(kept.store);
  absl::Status status = archive.status();
  if (archive.ok()) {
    archive->Retain(RetentionOf(environment_.config), Driver::Clock().unix_ms, &writes);
    if (!writes.empty()) status = environment_.store.WriteSynced(kept.store.InWhole(writes));
  }
  if (!status.ok()) {
    environment_.logger->warn("cannot discard old rounds of {}: {}", Named(kept.record.roster),
                              std::string(status.message()));
  }
}

void Seats::Stop() {
  std::lock_guard changing(changing_);
  std::vector<SeatVotes> votes;
  {
    std::lock_guard lock(mutex_);
    votes.swap(votes_);
  }
  votes.clear();
  for (const AdoptedPtr& one : served()) one->seat->Stop();
}

// What one seat finds says that the database is not the one that this key voted with: true of all.
void Seats::OnHalt(const Seat* found_by, const std::string& reason) {
  for (const AdoptedPtr& one : served()) {
    if (one->seat.get() != found_by) one->seat->council().Halt(reason);
  }
}

// A node that died before all of its seats had heard of a halt tells them at its start.
void Seats::SpreadHalts() {
  for (const AdoptedPtr& one : served()) {
    const absl::StatusOr<std::string> halted = one->store.Get(keys::kHalted);
    if (halted.ok()) OnHalt(one->seat.get(), *halted);
  }
}

void Seats::WatchVotingOf(const std::shared_ptr<Seat>& seat) {
  auto votes = std::make_shared<std::atomic<bool>>(false);
  auto subscription = seat->council().WatchVoting([this, votes](bool does) {
    *votes = does;
    TellVoting();
  });
  {
    std::lock_guard lock(mutex_);
    votes_.push_back({seat, votes, std::move(subscription)});
  }
  TellVoting();
}

void Seats::TellVoting() {
  std::lock_guard telling(telling_);
  bool voting = false;
  {
    std::lock_guard lock(mutex_);
    voting = !votes_.empty() &&
             std::ranges::all_of(votes_, [](const SeatVotes& one) { return one.votes->load(); });
  }
  voting_.Set(voting);
}

}  // namespace decentd
