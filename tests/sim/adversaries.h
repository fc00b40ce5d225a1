// Byzantine nodes. Each works through a handle that gives it what a real attacker would have: the
// keys of its own nodes, what these receive, what they may send, and its own idea of time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/codec/peer_codec.h"
#include "tests/sim/cluster.h"
#include "tests/sim/network.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"
#include "tests/sim/scheduler.h"

namespace decentd::sim {

class AdversaryHandle {
 public:
  AdversaryHandle(const Plan& plan, std::vector<int> own, const Cluster& cluster,
                  Scheduler& scheduler, Network& network, Random random)
      : random(random), plan_(plan), own_(std::move(own)), cluster_(cluster),
        scheduler_(scheduler), network_(network) {}

  const Roster& roster() const { return cluster_.roster(); }
  const Plan& plan() const { return plan_; }
  const std::vector<int>& own() const { return own_; }
  bool IsOwn(int node) const;
  // Nothing for a node whose key it does not hold.
  std::optional<Envelope> SignBody(int node, Kind kind, std::string body) const;
  // Over a link of one of its nodes; of others it is ignored.
  void Send(int from, int to, action::FramePtr frame);
  void SetUp(int node, bool up);
  void In(int64_t wait_ms, std::function<void()> run) { scheduler_.In(wait_ms, std::move(run)); }
  // Delays frames between honest nodes, knowing what is in them, at most 2 s each and only while the
  // plan allows.
  using Wait = std::function<int64_t(int from, int to, const peer::v1::Frame& frame)>;
  void HoldUp(Wait wait_ms);

  // For nodes that run the production code and lie with what it says.
  const Cluster& cluster() const { return cluster_; }
  Scheduler& scheduler() { return scheduler_; }

  Random random;

 private:
  const Plan& plan_;
  std::vector<int> own_;
  const Cluster& cluster_;
  Scheduler& scheduler_;
  Network& network_;
};

class Adversary {
 public:
  virtual ~Adversary() = default;
  virtual void Begin() = 0;
  virtual void OnFrame(int to, int from, const action::FramePtr& frame) = 0;
  virtual void OnLink(int node, int peer, bool up) = 0;
};

// The names that a plan may hold.
const std::vector<std::string>& Strategies();
// REQUIRES: one of these names.
std::unique_ptr<Adversary> MakeAdversary(const std::string& strategy, AdversaryHandle handle);

// divides.cc
std::unique_ptr<Adversary> MakeDivider(AdversaryHandle handle);
// forged_certificates.cc
std::unique_ptr<Adversary> MakeCertificateForger(AdversaryHandle handle);
// hostile_bytes.cc
std::unique_ptr<Adversary> MakeReplayer(AdversaryHandle handle);
std::unique_ptr<Adversary> MakeFlooder(AdversaryHandle handle);
std::unique_ptr<Adversary> MakeForger(AdversaryHandle handle);

}  // namespace decentd::sim
