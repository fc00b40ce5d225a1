// What the client-facing servers need of the node. Implemented by the runtime, wired by main.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/core/message.h"
#include "node/core/verified.h"

namespace decentd {

// One thing that happened in a round as this node saw it. `seq` starts at 1 for each round, has no
// gaps and is the same after a restart for what was durable.
struct RoundEvent {
  enum class Type : uint8_t {
    kAdmitted = 1,        // the round runs here
    kAnswerReceived = 2,  // node
    kAnswerCertified = 3,
    kSheetReceived = 4,
    kSheetCertified = 5,
    kPhaseStarted = 6,  // phase
    kPhaseClosed = 7,   // phase, closed: why this node stopped waiting (kNone: all arrived)
    kDecided = 8,       // f+1 equal Decisions: final
    kCertified = 9,     // q equal Decisions: the bundle can be fetched
    kFailed = 10,       // f+1 equal Decisions of an agreed failure; detail = reason
    kGivenUp = 11,      // undecided for too long; detail = what was missing
  };
  uint64_t seq = 0;
  int64_t unix_ms = 0;
  Type type = Type::kAdmitted;
  Phase phase = Phase::kAnswer;
  std::optional<NodeIndex> node;  // author of the answer or sheet
  bool abstained = false;
  std::string detail;  // for people: reason of an abstention or of a failure
  Closed closed = Closed::kNone;

  // No event of the round follows: it is over here.
  bool last() const { return type == Type::kCertified || type == Type::kGivenUp; }
};

struct RoundSummary {
  enum class State : uint8_t { kRunning = 1, kDecided = 2, kFailed = 3, kUndecided = 4 };
  RoundId id;
  Digest cluster_id;   // of the roster that the round belongs to
  uint32_t epoch = 0;  // its epoch
  State state = State::kRunning;
  int64_t started_unix_ms = 0;
  int64_t finished_unix_ms = 0;  // 0 = not finished
  std::string question;          // last user message, cut for display
  std::string outcome;           // name of the verdict's outcome, or empty
  std::optional<NodeIndex> winner;
  int answers = 0, sheets = 0;  // usable ones
  std::string waiting_for;  // of a running round, in words ("no quorum: 2 of 4 nodes reachable")
  uint64_t bundle_bytes = 0;
  NodeSet workers, evaluators;  // of a running round: who takes part
};

// One roster that a node has adopted, as it sees it.
struct RosterStatus {
  Digest cluster_id;
  uint32_t epoch = 0;
  std::string state;  // "active", "closing", "retired"
  int64_t since_unix_ms = 0;
  // Of one that is served: who else serves it can be linked.
  int n = 0, quorum = 0;
  std::vector<std::string> reached, missing;  // names of nodes; itself among the reached
  uint64_t rounds_open = 0;
};

// What is of one roster is of the present one: of those that take questions the oldest.
struct NodeStatus {
  std::string name;
  NodeIndex index;
  std::string version;
  Digest cluster_id;
  uint32_t epoch = 0;
  int n = 0, f = 0, quorum = 0, reachable = 0;  // reachable includes itself
  bool voting = true;
  std::string not_voting_because;  // halted, disk full, memory lost; empty when voting
  uint64_t rounds_open = 0, rounds_stored = 0, store_bytes = 0;
  uint64_t signatures_verified = 0, synced_writes = 0, bytes_written = 0;
  uint64_t evidence = 0;
  uint64_t mailbox_inputs = 0;  // arrived, and not taken in yet
  int64_t started_unix_ms = 0;
  std::vector<RosterStatus> rosters;  // in the order in which they were adopted
};

struct StoredEvidence {
  std::string id;  // hex SHA-256 of the stored bytes
  NodeIndex author;
  std::string kind;
  RoundId round;
  int64_t unix_ms = 0;
  std::string bytes;  // for export, node/codec/record_codec.h
};

// Ends the subscription when destroyed; no callback runs after the destructor returns.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

// Thread-safe. Nothing blocks for longer than a local read of the store.
class Council {
 public:
  virtual ~Council() = default;

  // `done` once the query is durable here and sponsored, or at once with the reason: already
  // known is OK; RESOURCE_EXHAUSTED (budget), DEADLINE_EXCEEDED (expired), FAILED_PRECONDITION
  // (this node does not vote now), INVALID_ARGUMENT.
  virtual void Submit(Verified<Query> query, std::function<void(absl::StatusOr<RoundId>)> done) = 0;

  // Calls on_event for every event with seq > after_seq, past and future, in order, on any thread.
  // NOT_FOUND for a round this node has not heard of, FAILED_PRECONDITION for one that it gave up:
  // the events of such a round are gone.
  virtual absl::StatusOr<std::unique_ptr<Subscription>> Watch(
      const RoundId& round, uint64_t after_seq,
      std::function<void(const RoundEvent&)> on_event) = 0;

  virtual absl::StatusOr<RoundSummary> GetRound(const RoundId& round) = 0;
  // Newest first; `after` continues behind that round. UNAVAILABLE while the node is too busy to
  // tell which rounds are open.
  virtual absl::StatusOr<std::vector<RoundSummary>> ListRounds(size_t limit,
                                                               std::optional<RoundId> after) = 0;
  // NOT_FOUND until the round is certified.
  virtual absl::StatusOr<std::string> GetBundle(const RoundId& round) = 0;
  // UNAVAILABLE while the node is too busy to tell.
  virtual absl::StatusOr<NodeStatus> Status() = 0;
  // Calls `on_change` at once with whether this node votes, then at each change, on any thread, one
  // call at a time. NodeStatus has the reason.
  virtual std::unique_ptr<Subscription> WatchVoting(std::function<void(bool)> on_change) = 0;
  virtual absl::StatusOr<std::vector<StoredEvidence>> ListEvidence() = 0;
  // That of one round, without its bytes.
  virtual absl::StatusOr<std::vector<StoredEvidence>> EvidenceOf(const RoundId& round) = 0;
};

}  // namespace decentd
