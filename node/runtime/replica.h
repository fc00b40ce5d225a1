// One node without threads, network, disk or clock: inputs in, what to write and then to do out.
// Decides what to journal, signs what the rounds say and feeds it back, compares with peers,
// admits and closes rounds (docs/SPEC.md, sections 3, 10, 11, 12). The driver runs it in the
// daemon, the simulator in a made-up world. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "decentd/peer/v1/peer.pb.h"
#include "decentd/store/v1/store.pb.h"
#include "node/api/council.h"
#include "node/codec/verifier.h"
#include "node/core/admission.h"
#include "node/core/round.h"
#include "node/llm/models.h"
#include "node/proof/verify.h"
#include "node/runtime/archive.h"
#include "node/runtime/evidence_log.h"
#include "node/runtime/now.h"
#include "node/runtime/reachability.h"
#include "node/runtime/record_fetch.h"
#include "node/runtime/timers.h"
#include "storage/store.h"

namespace decentd {

namespace input {
struct Message {
  NodeIndex from;  // whose link it came over
  AnyVerified message;
};
struct Certificate {
  NodeIndex from;
  VerifiedCertificate certificate;
};
struct Have {
  NodeIndex from;
  peer::v1::HaveBatch batch;
};
struct Want {
  NodeIndex from;
  peer::v1::Want want;
};
struct Record {
  NodeIndex from;
  std::shared_ptr<const CheckedBundle> bundle;  // with q Decisions
  Verified<Query> query;                        // of that bundle
};
struct RecordPart {  // of a record that it was asked for, and more are to come
  NodeIndex from;
  RoundId round;
};
struct LinkUp {
  NodeIndex peer;
};
struct LinkDown {
  NodeIndex peer;
};
struct Fault {  // found before it got here: bytes that do not parse, a bad signature
  NodeIndex from;
  FaultKind kind;
};
struct ModelFinished {
  RoundId round;
  Phase phase;
  Payload payload;  // Answer or Abstain; a Sheet's H(A) is filled in here
};
struct Submit {
  Verified<Query> query;
  uint64_t ticket;  // comes back in action::Submitted
};
struct Halt {  // found elsewhere in this node: it must not vote
  std::string reason;
};
struct GiveUp {  // every open round, for ever: the node takes no further part in this roster
  std::string reason;
};
}  // namespace input
using Input = std::variant<input::Message, input::Certificate, input::Have, input::Want,
                           input::Record, input::RecordPart, input::LinkUp, input::LinkDown,
                           input::Fault, input::ModelFinished, input::Submit, input::Halt,
                           input::GiveUp>;

namespace action {
using FramePtr = std::shared_ptr<const peer::v1::Frame>;
struct Send {
  std::optional<NodeIndex> peer;  // nothing: everyone
  FramePtr frame;
};
// Expects the next part of the record of this peer alone (FrameReader), and asks for it.
struct AskRecord {
  NodeIndex peer;
  RoundId round;
};
struct DropRecord {  // expects it of nobody
  RoundId round;
};
struct StartAnswer {
  AnswerRequest request;
};
struct StartJudge {
  JudgeRequest request;
};
struct PrepareJudge {
  JudgeRequest request;
};
struct CancelModels {
  RoundId round;
};
struct Publish {
  RoundId round;
  RoundEvent event;
};
struct Submitted {
  uint64_t ticket;
  absl::StatusOr<RoundId> result;
};
struct CountFault {
  NodeIndex peer;
  FaultKind kind;
};
struct Voting {             // it changed, or this is the first word of it
  std::string not_because;  // empty: this node votes
};
struct Halted {  // durably, by what this replica found
  std::string reason;
};
struct Report {  // one line for the log
  bool serious;
  std::string text;
};
}  // namespace action
using ModelCall = std::variant<action::StartAnswer, action::StartJudge, action::PrepareJudge,
                               action::CancelModels>;
using Action =
    std::variant<action::Send, action::AskRecord, action::DropRecord, action::Publish,
                 action::Submitted, action::CountFault, action::Voting, action::Halted, action::Report>;

// The actions may be done only once the writes are durable; the calls of models may begin at once,
// for they show nobody what this node signs. Each list, and the outputs, in their order.
struct Output {
  WriteBatch writes;
  std::vector<ModelCall> model_calls;
  std::vector<Action> actions;
};

class Replica {
 public:
  struct Options {
    NodeIndex self;
    uint64_t boot = 1;  // start counter of the database
    uint32_t max_own_rounds = 1024;  // open at once, of those that it admits from clients
    Retention retention;
  };

  // Everything that is passed in outlives the replica. Replays the journals of the open rounds;
  // `first` is what to write and do before anything else. DATA_LOSS when the store is damaged.
  static absl::StatusOr<std::unique_ptr<Replica>> Recover(const Roster& roster,
                                                          const Options& options,
                                                          const Signer& signer,
                                                          const Verifier& verifier,
                                                          const Store& store, Now now,
                                                          Output* first);

  // One batch: messages before timers.
  Output Process(std::vector<Input> inputs, Now now);
  // When Process wants to be called at the latest (monotonic); the same however often it is asked
  // before that.
  int64_t NextWakeMs() const;

  // Of rounds that were not joined.
  Admission::Held held() const { return admission_.held(); }
  size_t open_rounds() const { return rounds_.size(); }

  // For people. The rest of the status is the driver's.
  void FillStatus(Now now, NodeStatus* status) const;
  std::optional<RoundSummary> OpenSummary(const RoundId& round, Now now) const;
  std::vector<RoundSummary> OpenSummaries(Now now) const;  // newest first
  std::map<NodeIndex, std::map<FaultKind, uint64_t>> faults() const { return faults_; }

 private:
  static constexpr size_t kMaxClosedPerBatch = 1024;

  struct OpenRound {
    OpenRound(const Roster& roster, NodeIndex self, Verified<Query> query)
        : round(roster, self, std::move(query)) {}
    Round round;
    std::optional<NodeIndex> sponsor;
    int64_t started_unix_ms = 0;
    uint64_t next_record = 0;
    store::v1::JournalRecord record;  // of the batch at hand
    std::vector<RoundEvent> events;   // seq = position + 1
    int64_t next_have_ms = 0;
    bool changed_since_have = true;
    std::map<NodeIndex, int64_t> replied_ms;  // when a peer's Have was last answered
    std::optional<int64_t> say_by_ms;  // votes gathered that nobody waits for
  };
  struct Saying {
    RoundId round;
    Statement statement;
  };

  Replica(const Roster& roster, const Options& options, const Signer& signer,
          const Verifier& verifier, const Store& store, Archive archive, EvidenceLog evidence,
          Now now);

  // recovery (replica_recovery.cc)
  absl::Status ReplayAll();
  absl::Status ReplayRound(const RoundId& round, const std::vector<store::v1::JournalRecord>& records);
  void ReplayOwn(OpenRound& open, const AnyVerified& statement, std::vector<Statement>& expected);
  void AfterReplay();

  // inputs
  void On(input::Message& in);
  void On(input::Certificate& in);
  void On(input::Have& in);
  void On(input::Want& in);
  void On(input::Record& in);
  void On(input::RecordPart& in);
  void On(input::LinkUp& in);
  void On(input::LinkDown& in);
  void On(input::Fault& in);
  void On(input::ModelFinished& in);
  void On(input::Submit& in);
  void On(input::Halt& in) { Halt(in.reason); }
  void On(input::GiveUp& in);
  void OnRoundMessage(NodeIndex from, const RoundId& id, NodeIndex author, Event event,
                      size_t bytes);
  absl::Status MaySubmit(const Verified<Query>& query) const;

  // rounds
  void TryJoin(const RoundId& id);
  OpenRound& Join(Admission::Joined joined, bool sponsor);
  void Deliver(OpenRound& open, const Event& event);
  void Apply(OpenRound& open, Effects effects);
  void Notify(OpenRound& open, const Notice& notice);
  void StartModels(OpenRound& open, const Effects& effects);
  JudgeRequest MakeJudgeRequest(const Round& round, const std::vector<NodeIndex>& authors) const;
  void Settle();
  void FlushDue(OpenRound& open);
  AnyVerified SignAndJournal(OpenRound& open, const Statement& statement);
  void CloseFinished();
  void Close(const RoundId& id, const input::Record* adopted);
  // Forgets an open round and its journal; returns the next one.
  std::map<RoundId, OpenRound>::iterator Leave(std::map<RoundId, OpenRound>::iterator it);
  // Leaves it undecided, with a tombstone.
  std::map<RoundId, OpenRound>::iterator GiveUp(std::map<RoundId, OpenRound>::iterator it,
                                                const std::string& why);
  void Halt(const std::string& reason);
  store::v1::RoundSummary MakeSummary(const OpenRound& open, const Verdict& verdict,
                                      const CheckedBundle* adopted, size_t bundle_bytes) const;

  // time
  void FireTimers();
  void TellUnlinked();
  void Tick();
  void SendHaves();
  void Maintain();
  void NameClosed(std::optional<NodeIndex> peer, size_t most);

  // Have frames of some of the open rounds, each well below the longest frame.
  void SendHavesOf(std::optional<NodeIndex> peer, const std::vector<const Round*>& rounds);
  void Send(std::optional<NodeIndex> peer, std::shared_ptr<peer::v1::Frame> frame);
  void Relay(const Envelope& envelope);  // to everyone, with this batch's own statements
  void ServeRecords();
  void CountFault(NodeIndex peer, FaultKind kind);
  std::string NotVotingBecause(Now now) const;  // empty: it votes
  void TellVoting();
  void Call(ModelCall call);  // at once
  void Then(Action action);   // once this batch is durable
  Output Finish();

  const Roster& roster_;
  const Options options_;
  const NodeIndex self_;
  const Signer& signer_;
  const Verifier& verifier_;
  const Store& store_;
  Archive archive_;
  EvidenceLog evidence_;
  Admission admission_;
  Timers timers_;
  Reachability reachability_;
  std::map<RoundId, OpenRound> rounds_;
  std::map<NodeIndex, std::map<FaultKind, uint64_t>> faults_;
  NodeSet unlinked_;
  bool tell_unlinked_ = false;  // replayed rounds still know who was unlinked before the restart
  std::string halted_;          // why this node stopped voting, or empty
  std::optional<std::string> told_not_voting_;  // as last told to the outside
  RecordFetch fetch_;
  size_t closed_ = 0;  // rounds since the last maintenance
  uint64_t heartbeat_ = 0;
  int64_t next_heartbeat_ms_ = 0, next_maintenance_ms_ = 0;
  Now now_;

  // of the batch at hand
  Output out_;
  std::map<NodeIndex, peer::v1::Want> record_wants_;  // the latest of each peer
  std::set<RoundId> touched_;
  std::vector<Saying> unsaid_;
  std::set<RoundId> finished_;
  bool budget_freed_ = false;  // of a sponsor, so that rounds which waited for it may begin
  std::shared_ptr<peer::v1::Frame> own_;  // statements of this batch, for everyone
  bool replaying_ = false;
  std::vector<action::Publish> replayed_events_;
  bool had_quorum_ = false;
};

}  // namespace decentd
