// The thread around a replica: it steps a batch of what came in, makes the writes durable, then does
// what was asked for (docs/SPEC.md, section 11). Links, models and clients call in from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "node/api/council.h"
#include "node/codec/verifier.h"
#include "node/llm/models.h"
#include "node/log/log.h"
#include "node/runtime/board.h"
#include "node/runtime/frame_reader.h"
#include "node/runtime/replica.h"
#include "node/runtime/voting_watch.h"
#include "node/transport/links.h"
#include "storage/store.h"

namespace decentd {

// Faults counted against each peer, by name of the kind.
using FaultCounts = std::map<NodeIndex, std::map<std::string, uint64_t>>;

class Driver final : public LinkReceiver, public Council {
 public:
  enum class Severity { kInfo, kWarning };
  using Log = std::function<void(Severity, const LogFields&, const std::string&)>;  // any thread

  // All references outlive the driver, `links` until Stop has returned. What models answer after the
  // driver has gone is dropped.
  Driver(const Verifier& verifier, Store& store, Models& models, std::string version, Log log);
  ~Driver() override;

  // The clocks that the replica is run by.
  static Now Clock();

  // Told of every event of every round, on the driver's thread; must not block. Before Start.
  void ObserveEvents(std::function<void(const RoundId&, const RoundEvent&)> observe) {
    observe_event_ = std::move(observe);
  }
  // REQUIRES: called once. `first`: what Replica::Recover wants done.
  void Start(std::unique_ptr<Replica> replica, Output first, Links& links);
  // Told why this node must not vote any more, on the driver's thread. Before Start.
  void ObserveHalt(std::function<void(const std::string& reason)> on_halt) {
    on_halt_ = std::move(on_halt);
  }
  // Makes durable what was stepped, then ends the threads; later calls in are ignored. Idempotent.
  void Stop();
  // As Stop, and every open round is given up for ever, with this reason.
  void End(std::string reason);
  // The node must not vote, for a reason that was found elsewhere in it.
  void Halt(std::string reason);

  // LinkReceiver
  void OnLinkUp(NodeIndex peer) override;
  void OnLinkDown(NodeIndex peer) override;
  void OnFrame(NodeIndex peer, peer::v1::Frame frame) override;

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

  // Newest first. UNAVAILABLE while the node is too busy to tell.
  absl::StatusOr<std::vector<RoundSummary>> OpenRounds();
  // As counted now; while the node is too busy to tell, as it told last.
  FaultCounts Faults();

 private:
  using SteadyClock = std::chrono::steady_clock;

  // Where models answer, which may be after the driver has gone.
  struct ModelAnswers {
    void Take(const RoundId& round, Phase phase, Payload payload);
    std::mutex mutex;
    Driver* driver;
  };

  void Push(std::optional<NodeIndex> from, std::vector<Input> inputs, size_t bytes);
  void Run();
  SteadyClock::time_point StepAt() const;  // REQUIRES: mutex_ is held
  void Step(std::unique_lock<std::mutex>& lock);
  void Commit();
  bool WriteUntilDurable(const WriteBatch& writes);
  void SetDiskProblem(std::string problem);  // empty: none
  void TellVoting();
  void AnswerQuestions(std::unique_lock<std::mutex>& lock);
  bool AnswerUntil(SteadyClock::time_point end, std::unique_lock<std::mutex>& lock);
  void Do(Action& action);
  void Call(ModelCall& call);
  // Runs on the driver's thread between batches; false when it did not within a second.
  bool Ask(std::function<void(const Replica&)> question);

  const Verifier& verifier_;
  Store& store_;
  Models& models_;
  const std::string version_;
  const Log log_;
  std::function<void(const RoundId&, const RoundEvent&)> observe_event_;
  std::function<void(const std::string&)> on_halt_;
  const int64_t started_unix_ms_;
  Board board_;
  VotingWatch voting_;  // set by the driver's thread only
  FrameReader reader_;
  Links* links_ = nullptr;
  const std::shared_ptr<ModelAnswers> answers_ = std::make_shared<ModelAnswers>();

  // Of the driver's thread.
  std::unique_ptr<Replica> replica_;
  std::vector<Output> held_;  // stepped, not durable yet
  bool held_urgent_ = false;  // somebody waits for one of them
  SteadyClock::time_point held_since_, stepped_;

  std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;
  std::optional<std::string> give_up_;  // at the end, with this reason
  struct Queued {
    std::optional<NodeIndex> from;
    Input input;
    size_t bytes;
  };
  std::vector<Queued> mailbox_;
  std::map<NodeIndex, size_t> mailbox_bytes_;
  std::deque<std::function<void(const Replica&)>> questions_;
  std::string disk_problem_;
  std::string not_voting_ = "it starts";  // as the replica said last
  std::map<uint64_t, std::function<void(absl::StatusOr<RoundId>)>> submissions_;
  uint64_t next_ticket_ = 1;
  FaultCounts faults_told_;

  std::atomic<uint64_t> synced_writes_{0}, bytes_written_{0}, dropped_{0};
  std::thread thread_;
};

}  // namespace decentd
