#include "node/daemon/seats.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/runtime/keys.h"

namespace decentd {
namespace {

// What a roster that is adopted now has to know of the others' past: what this key may have voted in
// before its database was lost covers every roster, and so does the reason not to vote.
absl::StatusOr<WriteBatch> Inherited(Store& store, const SeatRecord& record) {
  const auto keyspaces = seat_table::Keyspaces(store);
  if (!keyspaces.ok()) return keyspaces.status();
  WriteBatch inherited;
  for (const std::string_view key : {keys::kWatermark, keys::kHalted}) {
    std::string latest;  // watermarks are big-endian
    for (const std::string& keyspace : *keyspaces) {
      const absl::StatusOr<std::string> value = Keyspace(store, keyspace).Get(key);
      if (value.ok()) latest = std::max(latest, *value);
    }
    if (!latest.empty()) inherited.Put(std::string(key), latest);
  }
  return Keyspace(store, record.keyspace).InWhole(inherited);
}

SeatRecord InState(SeatRecord record, SeatRecord::State state) {
  record.state = state;
  record.since_unix_ms = Driver::Clock().unix_ms;
  return record;
}

}  // namespace

Seats::Adopted::Adopted(const SeatEnvironment& environment, SeatRecord of_table,
                        std::shared_ptr<Seat> taken)
    : record(std::move(of_table)),
      store(environment.store, record.keyspace),
      seat(std::move(taken)),
      kept(seat ? nullptr : std::make_shared<Board>(store)) {}

absl::StatusOr<std::unique_ptr<Seats>> Seats::Open(const SeatEnvironment& environment,
                                                   const Roster& configured) {
  std::unique_ptr<Seats> seats(new Seats(environment));
  absl::StatusOr<std::vector<SeatRecord>> stored = seat_table::Read(environment.store);
  if (!stored.ok()) return stored.status();
  for (SeatRecord& record : *stored) {
    // The file's addresses are newer than what was stored.
    if (record.roster.cluster_id() == configured.cluster_id()) {
      record.roster = configured;
      if (absl::Status status = seats->Save(record); !status.ok()) return status;
    }
    absl::StatusOr<AdoptedPtr> taken = seats->TakeStored(record);
    if (!taken.ok()) return taken.status();
    seats->Add(*std::move(taken));
  }
  if (absl::Status status = seats->OpenConfigured(configured); !status.ok()) return status;
  seats->SpreadHalts();
  return seats;
}

Seats::~Seats() { Stop(); }

absl::Status Seats::OpenConfigured(const Roster& configured) {
  const auto same = std::ranges::find_if(adopted_, [&](const AdoptedPtr& one) {
    return one->record.roster.cluster_id() == configured.cluster_id();
  });
  if (same != adopted_.end()) {
    if (!(*same)->record.live()) {
      environment_.logger->warn(
          "{} names {}, which was retired here; the node serves {}: put that one's file there",
          environment_.config.roster, Named(configured), Named(present()));
    }
    return absl::OkStatus();
  }
  if (absl::Status status = CheckAdoptable(configured); !status.ok()) return status;
  // A file that was replaced is meant to replace.
  return TakeNew(configured, served()).status();
}

absl::Status Seats::CheckAdoptable(const Roster& roster) const {
  if (!roster.FindKey(environment_.identity.public_key())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the key of ", environment_.config.identity_key, " is not in ", Named(roster),
        ": add this node's card there (decentctl card, decentctl roster add); where the node is to "
        "leave, stop it when the others have retired the roster that it is in"));
  }
  const std::vector<AdoptedPtr> served_now = served();
  for (const AdoptedPtr& one : served_now) {
    if (one->record.roster.epoch() >= roster.epoch()) {
      return absl::FailedPreconditionError(absl::StrCat(
          Named(roster), " is not newer than ", Named(one->record.roster),
          ", which this node serves: raise its epoch (decentctl roster add and remove do)"));
    }
  }
  if (served_now.size() >= 2) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this node serves ", Named(served_now[0]->record.roster), " and ",
        Named(served_now[1]->record.roster),
        " already: retire the older one first (decentctl roster retire --now)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Seats::AdoptedPtr> Seats::TakeStored(const SeatRecord& record) {
  if (!record.live()) return std::make_shared<Adopted>(environment_, record, nullptr);
  auto found_by = std::make_shared<std::atomic<const Seat*>>(nullptr);
  absl::StatusOr<std::unique_ptr<Seat>> seat =
      Seat::Take(environment_, record, [this, found_by](const std::string& reason) {
        OnHalt(found_by->load(), reason);
      });
  if (!seat.ok()) return seat.status();
  std::shared_ptr<Seat> taken = *std::move(seat);
  *found_by = taken.get();
  WatchVotingOf(taken);
  return std::make_shared<Adopted>(environment_, record, std::move(taken));
}

absl::StatusOr<Seats::AdoptedPtr> Seats::TakeNew(const Roster& roster,
                                                 const std::vector<AdoptedPtr>& in_place_of) {
  const SeatRecord record{roster, seat_table::KeyspaceOf(all().size()),
                          SeatRecord::State::kActive, Driver::Clock().unix_ms};
  // A program that knows of one roster only would vote a second time in the keyspace of the first.
  if (!record.keyspace.empty()) {
    if (absl::Status status = environment_.disk.RaiseFormat(); !status.ok()) return status;
  }
  absl::StatusOr<WriteBatch> writes = Inherited(environment_.store, record);
  if (!writes.ok()) return writes.status();
  seat_table::Put(record, &*writes);
  for (const AdoptedPtr& one : in_place_of) {
    seat_table::Put(InState(one->record, SeatRecord::State::kClosing), &*writes);
  }
  if (absl::Status status = environment_.store.WriteSynced(*writes); !status.ok()) return status;
  absl::StatusOr<AdoptedPtr> taken = TakeStored(record);
  if (!taken.ok()) {
    // Nothing was said under it.
    WriteBatch undo;
    seat_table::Remove(record, &undo);
    for (const AdoptedPtr& one : in_place_of) seat_table::Put(one->record, &undo);
    if (absl::Status status = environment_.store.WriteSynced(undo); !status.ok()) return status;
    return taken.status();
  }
  Add(*taken);
  for (const AdoptedPtr& one : in_place_of) {
    Replace(one, InState(one->record, SeatRecord::State::kClosing));
    environment_.logger->info("{} replaces {}, in which open rounds are finished and no new begin",
                              Named(roster), Named(one->record.roster));
  }
  return taken;
}

void Seats::Add(AdoptedPtr adopted) {
  std::lock_guard lock(mutex_);
  adopted_.push_back(std::move(adopted));
}

absl::Status Seats::Save(const SeatRecord& record) {
  WriteBatch writes;
  seat_table::Put(record, &writes);
  return environment_.store.WriteSynced(writes);
}

absl::StatusOr<Seats::AdoptedPtr> Seats::SetState(const AdoptedPtr& of, SeatRecord::State state) {
  SeatRecord record = InState(of->record, state);
  absl::Status saved = Save(record);
  // A seat that has ended is none, whatever the disk says.
  if (!saved.ok() && record.live()) return saved;
  AdoptedPtr changed = Replace(of, std::move(record));
  if (!saved.ok()) return saved;
  return changed;
}

Seats::AdoptedPtr Seats::Replace(const AdoptedPtr& of, SeatRecord record) {
  const bool live = record.live();
  auto changed = std::make_shared<Adopted>(environment_, std::move(record),
                                           live ? of->seat : std::shared_ptr<Seat>());
  std::lock_guard lock(mutex_);
  std::ranges::replace(adopted_, of, changed);
  return changed;
}

absl::StatusOr<RosterStatus> Seats::Adopt(const Roster& roster) {
  std::lock_guard changing(changing_);
  for (const AdoptedPtr& one : all()) {
    if (one->record.roster.cluster_id() != roster.cluster_id()) continue;
    if (!one->record.live()) {
      return absl::FailedPreconditionError(absl::StrCat(
          Named(roster), " was retired here and cannot be taken up again: raise its epoch"));
    }
    SeatRecord record = one->record;
    record.roster = roster;
    if (absl::Status status = Save(record); !status.ok()) return status;
    const AdoptedPtr moved = Replace(one, std::move(record));
    moved->seat->SetAddresses(roster);
    environment_.logger->info("{} has new addresses", Named(roster));
    return StatusNow(*moved);
  }
  if (absl::Status status = CheckAdoptable(roster); !status.ok()) return status;
  absl::StatusOr<AdoptedPtr> taken = TakeNew(roster, {});
  if (!taken.ok()) return taken.status();
  environment_.logger->info("adopted {} of {} nodes, beside the one before", Named(roster),
                            roster.n());
  return StatusNow(**taken);
}

absl::StatusOr<RosterStatus> Seats::Retire(bool now, bool anyway) {
  std::lock_guard changing(changing_);
  const std::vector<AdoptedPtr> served_now = served();
  if (served_now.size() < 2) {
    return absl::FailedPreconditionError(absl::StrCat(
        served_now.empty() ? "no roster" : Named(served_now[0]->record.roster),
        " is the only one that this node serves: adopt the next one first (decentctl roster "
        "adopt); a node that leaves is stopped"));
  }
  AdoptedPtr oldest = served_now.front();
  if (!anyway) {
    const absl::StatusOr<NodeStatus> next = served_now.back()->seat->council().Status();
    if (!next.ok()) return next.status();
    const int needed = next->n - next->f;
    if (next->reachable < needed) {
      return absl::FailedPreconditionError(absl::StrCat(
          "only ", next->reachable, " of ", next->n, " nodes serve ",
          Named(served_now.back()->record.roster), " yet, and it takes ", needed,
          " to decide: wait for them (decentctl roster status), or say --anyway"));
    }
  }
  if (oldest->record.state == SeatRecord::State::kActive) {
    absl::StatusOr<AdoptedPtr> closing = SetState(oldest, SeatRecord::State::kClosing);
    if (!closing.ok()) return closing.status();
    oldest = *closing;
    environment_.logger->info("{} is closing: no new rounds begin in it",
                              Named(oldest->record.roster));
  }
  if (now) {
    if (absl::Status status = End(oldest, "this node has retired the round's roster");
        !status.ok()) {
      return status;
    }
    for (const AdoptedPtr& one : all()) {
      if (one->record.keyspace == oldest->record.keyspace) oldest = one;
    }
  }
  return StatusNow(*oldest);
}

std::vector<Seats::AdoptedPtr> Seats::all() const {
  std::lock_guard lock(mutex_);
  return adopted_;
}

std::vector<Seats::AdoptedPtr> Seats::served() const {
  std::vector<AdoptedPtr> served = all();
  std::erase_if(served, [](const AdoptedPtr& one) { return one->seat == nullptr; });
  return served;
}

Seats::AdoptedPtr Seats::Present() const {
  const std::vector<AdoptedPtr> served_now = served();
  for (const AdoptedPtr& one : served_now) {
    if (one->record.state == SeatRecord::State::kActive) return one;
  }
  return served_now.back();
}

Roster Seats::present() const { return Present()->record.roster; }

}  // namespace decentd
