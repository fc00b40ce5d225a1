// What clients ask of a node, answered by the seat of the roster that it is about.
#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "node/daemon/seats.h"
#include "node/runtime/records.h"

namespace decentd {
namespace {

// Keeps what is watched from being destroyed before it.
template <class Held>
class HeldSubscription final : public Subscription {
 public:
  HeldSubscription(std::shared_ptr<Held> held, std::unique_ptr<Subscription> inner)
      : held_(std::move(held)), inner_(std::move(inner)) {}

 private:
  const std::shared_ptr<Held> held_;
  const std::unique_ptr<Subscription> inner_;  // goes first
};

// Rosters, the latest ones, of which a client that still asks under them is told.
constexpr size_t kLookedBack = 4;

bool IsSignedFor(const Verifier& verifier, const Envelope& query) {
  return std::holds_alternative<AnyVerified>(verifier.Verify(query));
}

// Of several rosters' answers about one round: the first good one, else what is no "not found".
template <class T>
class FirstFound {
 public:
  // True where no other has to be asked.
  bool Take(absl::StatusOr<T> answer) {
    if (answer.ok() || absl::IsNotFound(best_.status())) best_ = std::move(answer);
    return best_.ok();
  }
  absl::StatusOr<T> Best() && { return std::move(best_); }

 private:
  absl::StatusOr<T> best_ = absl::NotFoundError("this node has not heard of that round");
};

}  // namespace

absl::StatusOr<Verified<Query>> Seats::Check(const Envelope& envelope) const {
  absl::Status refused;
  const std::vector<AdoptedPtr> adopted = all();
  for (size_t i = 0; i < adopted.size(); ++i) {
    const AdoptedPtr& one = adopted[i];
    const Roster& roster = one->record.roster;
    if (one->seat && one->record.state == SeatRecord::State::kActive) {
      absl::StatusOr<Verified<Query>> query = CheckWith(one->seat->verifier())(envelope);
      if (query.ok()) return query;
      if (refused.ok() || !absl::IsUnauthenticated(query.status())) refused = query.status();
      continue;
    }
    // Each look is a signature's time, and anybody can make the node look.
    if (envelope.kind != Kind::kQuery || adopted.size() - i > kLookedBack) continue;
    if (IsSignedFor(Verifier(roster, Ed25519Scheme(), 0), envelope)) {
      const Roster now = present();
      return absl::FailedPreconditionError(absl::StrCat(
          "the question is signed for the roster of epoch ", roster.epoch(), " (",
          roster.cluster_id().Hex().substr(0, 12), "), which takes no more questions here; ask with "
          "that of epoch ", now.epoch(), " (", now.cluster_id().Hex().substr(0, 12),
          "): get its file from an operator that you trust"));
    }
  }
  return refused;
}

void Seats::Submit(Verified<Query> query, std::function<void(absl::StatusOr<RoundId>)> done) {
  for (const AdoptedPtr& one : served()) {
    // It was verified a moment ago, so this is a look into the cache of the one that it is for.
    if (one->record.state == SeatRecord::State::kActive &&
        IsSignedFor(one->seat->verifier(), *query.envelope())) {
      return one->seat->council().Submit(std::move(query), std::move(done));
    }
  }
  done(absl::FailedPreconditionError(
      "the roster that the question is signed for takes no more questions here"));
}

absl::StatusOr<std::unique_ptr<Subscription>> Seats::Watch(
    const RoundId& round, uint64_t after_seq, std::function<void(const RoundEvent&)> on_event) {
  FirstFound<std::unique_ptr<Subscription>> found;
  for (const AdoptedPtr& one : all()) {
    absl::StatusOr<std::unique_ptr<Subscription>> subscription =
        one->seat ? one->seat->council().Watch(round, after_seq, on_event)
                  : one->kept->Watch(round, after_seq, on_event);
    if (subscription.ok()) {
      subscription = std::make_unique<HeldSubscription<Adopted>>(one, *std::move(subscription));
    }
    if (found.Take(std::move(subscription))) break;
  }
  return std::move(found).Best();
}

absl::StatusOr<RoundSummary> Seats::GetRound(const RoundId& round) {
  FirstFound<RoundSummary> found;
  for (const AdoptedPtr& one : all()) {
    if (found.Take(one->seat ? one->seat->council().GetRound(round)
                             : records::Get({&one->store, &one->record.roster}, round))) {
      break;
    }
  }
  return std::move(found).Best();
}

absl::StatusOr<std::vector<RoundSummary>> Seats::ListRounds(size_t limit,
                                                            std::optional<RoundId> after) {
  const std::vector<AdoptedPtr> adopted = all();
  std::vector<records::Source> sources;
  for (const AdoptedPtr& one : adopted) sources.push_back({&one->store, &one->record.roster});
  const auto open_rounds = [&]() -> absl::StatusOr<std::vector<RoundSummary>> {
    std::vector<RoundSummary> open;
    for (const AdoptedPtr& one : adopted) {
      if (!one->seat) continue;
      absl::StatusOr<std::vector<RoundSummary>> of_one = one->seat->council().OpenRounds();
      if (!of_one.ok()) return of_one.status();
      std::ranges::move(*std::move(of_one), std::back_inserter(open));
    }
    std::ranges::stable_sort(open, std::greater(), &RoundSummary::started_unix_ms);
    return open;
  };
  return records::List(open_rounds, sources, limit, after);
}

absl::StatusOr<std::string> Seats::GetBundle(const RoundId& round) {
  FirstFound<std::string> found;
  for (const AdoptedPtr& one : all()) {
    if (found.Take(records::Bundle(one->store, round))) break;
  }
  return std::move(found).Best();
}

RosterStatus Seats::StatusOf(const Adopted& adopted, const NodeStatus* seat) const {
  RosterStatus status;
  if (seat != nullptr) status = seat->rosters.front();
  status.cluster_id = adopted.record.roster.cluster_id();
  status.epoch = adopted.record.roster.epoch();
  status.state = SeatStateName(adopted.record.state);
  status.since_unix_ms = adopted.record.since_unix_ms;
  return status;
}

RosterStatus Seats::StatusNow(const Adopted& adopted) const {
  const absl::StatusOr<NodeStatus> seat =
      adopted.seat ? adopted.seat->council().Status() : absl::NotFoundError("it is retired");
  return StatusOf(adopted, seat.ok() ? &*seat : nullptr);
}

absl::StatusOr<NodeStatus> Seats::Status() {
  const AdoptedPtr present = Present();
  absl::StatusOr<NodeStatus> whole = present->seat->council().Status();
  if (!whole.ok()) return whole;
  std::vector<RosterStatus> rosters;
  for (const AdoptedPtr& one : all()) {
    if (!one->seat || one == present) {
      rosters.push_back(StatusOf(*one, one == present ? &*whole : nullptr));
      continue;
    }
    const absl::StatusOr<NodeStatus> other = one->seat->council().Status();
    if (!other.ok()) return other;
    rosters.push_back(StatusOf(*one, &*other));
    whole->rounds_open += other->rounds_open;
    whole->rounds_stored += other->rounds_stored;
    whole->signatures_verified += other->signatures_verified;
    whole->synced_writes += other->synced_writes;
    whole->bytes_written += other->bytes_written;
    whole->evidence += other->evidence;
    whole->mailbox_inputs += other->mailbox_inputs;
    if (whole->voting && !other->voting) {
      whole->voting = false;
      whole->not_voting_because = other->not_voting_because;
    }
  }
  whole->rosters = std::move(rosters);
  return whole;
}

std::vector<PeerInfo> Seats::Peers() const {
  std::vector<PeerInfo> peers;
  for (const AdoptedPtr& one : served()) {
    std::ranges::move(one->seat->Peers(), std::back_inserter(peers));
  }
  return peers;
}

std::unique_ptr<Subscription> Seats::WatchVoting(std::function<void(bool)> on_change) {
  return voting_.Watch(std::move(on_change));
}

absl::StatusOr<std::vector<StoredEvidence>> Seats::ListEvidence() {
  return FromAll([](const Store& store) { return records::Evidence(store); });
}

absl::StatusOr<std::vector<StoredEvidence>> Seats::EvidenceOf(const RoundId& round) {
  return FromAll([&](const Store& store) { return records::EvidenceOf(store, round); });
}

absl::StatusOr<std::vector<StoredEvidence>> Seats::FromAll(
    const std::function<absl::StatusOr<std::vector<StoredEvidence>>(const Store&)>& read) const {
  std::vector<StoredEvidence> list;
  for (const AdoptedPtr& one : all()) {
    absl::StatusOr<std::vector<StoredEvidence>> of_one = read(one->store);
    if (!of_one.ok()) return of_one;
    std::ranges::move(*of_one, std::back_inserter(list));
  }
  std::ranges::stable_sort(list, {}, &StoredEvidence::unix_ms);
  return list;
}

}  // namespace decentd
