// One simulated node: the production Replica, FrameReader and Verifier behind a driver without
// threads that keeps the contract of node/runtime/driver.h and its pace (node/runtime/pace.h): what
// arrives during a sync is stepped together after it, what nobody waits for is held a little, writes
// are durable before actions, model calls begin at once, a full disk is tried again, after another
// error the node says nothing more.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/runtime/frame_reader.h"
#include "node/runtime/replica.h"
#include "tests/sim/cluster.h"
#include "tests/sim/disk.h"
#include "tests/sim/models.h"
#include "tests/sim/scheduler.h"

namespace decentd::sim {

class Node {
 public:
  // What leaves the node, in order. `node` is the caller.
  class Outside {
   public:
    virtual ~Outside() = default;
    virtual void OnSend(Node& node, std::optional<NodeIndex> to, const action::FramePtr& frame) = 0;
    virtual void OnPublish(Node&, const action::Publish&) {}
    virtual void OnSubmitted(Node&, const action::Submitted&) {}
    virtual void OnFaultCounted(Node&, NodeIndex, FaultKind) {}
    virtual void OnReport(Node&, const action::Report&) {}
    virtual void OnWritten(Node&, const WriteBatch&) {}
    virtual void OnStepped(Node&) {}
  };
  struct Options {
    NodeIndex self;
    int64_t longest_sync_ms = 3;
    Random random;
    KeepPlan keep;
  };

  Node(const Cluster& cluster, Scheduler& scheduler, Outside& outside, SimModels& models,
       const Options& options);

  // From what the disk holds. What is returned when it cannot is why.
  absl::Status Start();
  void Crash();
  bool up() const { return replica_ != nullptr; }
  uint64_t boot() const { return boot_; }

  void OnFrame(NodeIndex from, const peer::v1::Frame& frame);
  void OnLink(NodeIndex peer, bool up);
  void Push(std::vector<Input> inputs);

  // Puts another disk in: an old copy, or a new one whose loss the operator has accepted.
  // REQUIRES: the node is down.
  absl::Status ReplaceDisk(std::unique_ptr<MemStore> content, bool accept_lost_database);

  NodeIndex self() const { return options_.self; }
  Now Clock() const;
  void JumpClock(int64_t by_ms) { unix_offset_ms_ += by_ms; }
  const Replica& replica() const { return *replica_; }
  const Verifier& verifier() const { return *verifier_; }
  Disk& disk() { return disk_; }
  const Disk& disk() const { return disk_; }

 private:
  void Poke();  // steps or writes what is due, if the disk is idle
  void Step();
  void Hold(Output output);
  void Commit();
  void FinishSync(uint64_t boot);
  void Do(std::vector<Action>& actions);
  void Call(const ModelCall& call);
  void Expect(const RoundId& round, Phase phase, std::optional<Reply> reply);
  void WakeAt(int64_t monotonic_ms);

  const Cluster& cluster_;
  Scheduler& scheduler_;
  Outside& outside_;
  SimModels& models_;
  const Options options_;
  Random random_;
  const int64_t monotonic_offset_ms_;
  int64_t unix_offset_ms_;
  Disk disk_;
  std::unique_ptr<Verifier> verifier_;
  std::unique_ptr<FrameReader> reader_;
  std::unique_ptr<Replica> replica_;
  uint64_t boot_ = 0;
  std::vector<Input> mailbox_;
  int64_t stepped_ms_ = 0;
  // Stepped and not yet durable, of which others wait for something if urgent.
  std::vector<Output> held_;
  int64_t held_since_ms_ = 0;
  bool held_urgent_ = false;
  bool syncing_ = false;
  WriteBatch writing_;
  std::optional<int64_t> wake_ms_;  // of the scheduler: the earliest wake that is asked for
};

}  // namespace decentd::sim
