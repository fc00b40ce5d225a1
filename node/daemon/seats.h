// The rosters that a node has adopted, as one council to its clients. A query is signed for one
// roster and its round is run by that roster's seat; rounds of retired rosters are read from the
// store. Which rosters are adopted is stored, so that a restart finds them again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"
#include "node/api/query_check.h"
#include "node/daemon/seat.h"
#include "node/runtime/board.h"
#include "node/runtime/voting_watch.h"

namespace decentd {

// "roster 5a0cde73b900 (epoch 2)".
std::string Named(const Roster& roster);

// Thread-safe.
class Seats final : public Council {
 public:
  // Takes the seats that the store names and, where `configured` is another roster, adopts it in
  // place of the one before. FAILED_PRECONDITION, with the way out, where it cannot be: not newer,
  // or without this node. `environment` outlives the seats.
  static absl::StatusOr<std::unique_ptr<Seats>> Open(const SeatEnvironment& environment,
                                                     const Roster& configured);
  ~Seats() override;

  // Takes part under this roster too, from now on and after a restart. One that is adopted already
  // brings new addresses. FAILED_PRECONDITION where it cannot be adopted.
  absl::StatusOr<RosterStatus> Adopt(const Roster& roster);
  // Takes no more questions under the oldest roster that is served; with `now` ends what is open
  // there at once, else once that is over and no other node can have an open round of it.
  // FAILED_PRECONDITION where no newer one is served, or where too few nodes serve that, unless
  // `anyway`.
  absl::StatusOr<RosterStatus> Retire(bool now, bool anyway);
  // What is due by time. Every few seconds.
  void Maintain();
  // Ends all seats until the next start. Idempotent.
  void Stop();

  // The roster of new questions: of those that take any the oldest.
  Roster present() const;
  absl::StatusOr<Verified<Query>> Check(const Envelope& envelope) const;
  std::vector<PeerInfo> Peers() const;

  // Council
  void Submit(Verified<Query> query, std::function<void(absl::StatusOr<RoundId>)> done) override;
  absl::StatusOr<std::unique_ptr<Subscription>> Watch(
      const RoundId& round, uint64_t after_seq,
      std::function<void(const RoundEvent&)> on_event) override;
  absl::StatusOr<RoundSummary> GetRound(const RoundId& round) override;
  absl::StatusOr<std::vector<RoundSummary>> ListRounds(size_t limit,
                                                       std::optional<RoundId> after) override;
  absl::StatusOr<std::string> GetBundle(const RoundId& round) override;
  absl::StatusOr<NodeStatus> Status() override;
  std::unique_ptr<Subscription> WatchVoting(std::function<void(bool)> on_change) override;
  absl::StatusOr<std::vector<StoredEvidence>> ListEvidence() override;
  absl::StatusOr<std::vector<StoredEvidence>> EvidenceOf(const RoundId& round) override;

 private:
  // A roster that was adopted. Replaced as a whole when its state changes; who holds one keeps its
  // seat from being destroyed, not from ending.
  struct Adopted {
    Adopted(const SeatEnvironment& environment, SeatRecord of_table, std::shared_ptr<Seat> taken);
    const SeatRecord record;
    Keyspace store;
    const std::shared_ptr<Seat> seat;   // of one that is served
    const std::shared_ptr<Board> kept;  // of one that is retired: its rounds' events
  };
  using AdoptedPtr = std::shared_ptr<Adopted>;

  explicit Seats(const SeatEnvironment& environment) : environment_(environment) {}

  absl::Status OpenConfigured(const Roster& configured);
  absl::Status CheckAdoptable(const Roster& roster) const;
  // Those that it takes the place of close in the same write.
  absl::StatusOr<AdoptedPtr> TakeNew(const Roster& roster,
                                     const std::vector<AdoptedPtr>& in_place_of);
  absl::StatusOr<AdoptedPtr> TakeStored(const SeatRecord& record);
  absl::Status Save(const SeatRecord& record);
  void Add(AdoptedPtr adopted);
  // Durably, then here. The seat goes on unless the state is retired.
  absl::StatusOr<AdoptedPtr> SetState(const AdoptedPtr& of, SeatRecord::State state);
  // Here alone; the seat goes with a state that is not live.
  AdoptedPtr Replace(const AdoptedPtr& of, SeatRecord record);
  absl::Status End(const AdoptedPtr& closing, const std::string& reason);
  void RetainKept(const Adopted& kept);
  void OnHalt(const Seat* found_by, const std::string& reason);
  void SpreadHalts();
  void WatchVotingOf(const std::shared_ptr<Seat>& seat);
  void TellVoting();

  absl::StatusOr<std::vector<StoredEvidence>> FromAll(
      const std::function<absl::StatusOr<std::vector<StoredEvidence>>(const Store&)>& read) const;
  std::vector<AdoptedPtr> all() const;
  std::vector<AdoptedPtr> served() const;
  AdoptedPtr Present() const;
  // `seat`: what its seat says, or null.
  RosterStatus StatusOf(const Adopted& adopted, const NodeStatus* seat) const;
  RosterStatus StatusNow(const Adopted& adopted) const;

  const SeatEnvironment& environment_;
  std::mutex changing_;  // held while a roster is adopted or retired
  mutable std::mutex mutex_;
  std::vector<AdoptedPtr> adopted_;  // in the order of adoption
  struct SeatVotes {
    std::shared_ptr<Seat> seat;
    std::shared_ptr<std::atomic<bool>> votes;
    std::unique_ptr<Subscription> subscription;
  };
  std::vector<SeatVotes> votes_;
  std::mutex telling_;
  VotingWatch voting_;
  int64_t next_retain_unix_ms_ = 0;
};

}  // namespace decentd
