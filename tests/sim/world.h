// A whole council in virtual time: runs a plan to its end and shows all of it to observers. One
// thread; the same plan gives the same run, whatever the compiler.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/adversaries.h"
#include "tests/sim/cluster.h"
#include "tests/sim/models.h"
#include "tests/sim/network.h"
#include "tests/sim/node.h"
#include "tests/sim/observer.h"
#include "tests/sim/plan.h"
#include "tests/sim/scheduler.h"

namespace decentd::sim {

class World final : private Node::Outside, private Network::Receiver {
 public:
  // Null: signatures are not counted.
  explicit World(const Plan& plan, SignatureCounts* counts = nullptr);
  ~World() override;

  void Watch(Observer& observer) { observers_.push_back(&observer); }
  // To the end: every round that began is a record everywhere, or the time for that is over.
  void Run();

  const Plan& plan() const { return plan_; }
  const Cluster& cluster() const { return cluster_; }
  const Roster& roster() const { return cluster_.roster(); }
  int64_t now_ms() const { return scheduler_.now_ms(); }
  uint64_t steps() const { return scheduler_.steps(); }
  bool honest(int node) const { return nodes_[static_cast<size_t>(node)] != nullptr; }
  // REQUIRES: honest(node).
  const Node& node(int node) const { return *nodes_[static_cast<size_t>(node)]; }
  // Rounds that an honest node runs or has run.
  const std::set<RoundId>& rounds() const { return rounds_; }
  // The roster as that round sees it.
  Roster RosterOf(const RoundId& round) const;
  // Honest nodes that lack the record of the round, and did not have it before its time was over.
  std::vector<int> Lacking(const RoundId& round) const;
  bool timed_out() const { return timed_out_; }

 private:
  void OnSend(Node& node, std::optional<NodeIndex> to, const action::FramePtr& frame) override;
  void OnPublish(Node& node, const action::Publish& publish) override;
  void OnSubmitted(Node& node, const action::Submitted& submitted) override;
  void OnFaultCounted(Node& node, NodeIndex peer, FaultKind kind) override;
  void OnReport(Node& node, const action::Report& report) override;
  void OnWritten(Node& node, const WriteBatch& batch) override;
  void OnStepped(Node& node) override;
  void OnFrame(int to, int from, const action::FramePtr& frame) override;
  void OnLink(int node, int peer, bool up) override;

  template <class Call>
  void Tell(const Call& call) {
    for (Observer* observer : observers_) call(*observer);
  }
  void Say(Node& node, const peer::v1::Frame& frame);
  bool Discarded(int node, const RoundId& round) const;
  void NoteRecords(int node);
  void Start(int node);
  void Stop(int node);
  void Ask(const Question& question, uint64_t number);
  void Begin(const Fault& fault);
  void End(const Fault& fault);
  void Block(const Fault& fault, bool blocked);
  void KeepCopies(const Fault& fault);
  bool AllRecorded() const;
  int64_t Patience() const;

  const Plan plan_;
  const Cluster cluster_;
  Scheduler scheduler_;
  Random random_;
  Network network_;
  std::vector<std::unique_ptr<SimModels>> models_;
  std::vector<std::unique_ptr<Node>> nodes_;  // null: a liar's
  std::vector<std::unique_ptr<Adversary>> adversaries_;
  std::vector<Adversary*> adversary_of_;  // by node; null: honest
  std::vector<int> stopped_;              // by node: faults that keep it down
  std::map<int, std::unique_ptr<MemStore>> copies_;
  std::vector<Observer*> observers_;
  std::set<RoundId> rounds_;
  std::map<RoundId, int> committees_;           // that questions asked for
  std::set<std::pair<int, RoundId>> recorded_;  // held by that node at some time, on this disk
  size_t asked_ = 0;                            // questions that were put to somebody
  std::map<uint64_t, int>
      unanswered_;  // of these, by ticket, the node that has yet to say yes or no
  bool timed_out_ = false;
};

}  // namespace decentd::sim
