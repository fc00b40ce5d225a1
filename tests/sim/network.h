// Links between the nodes: streams that keep their order, with seeded delays, loss, repetition,
// breaks with reconnecting, and cuts of any shape. A peer with too many faults is shut out for a
// while, by the production rule. Not thread-safe.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "node/runtime/replica.h"
#include "node/transport/link_policy.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"
#include "tests/sim/scheduler.h"

namespace decentd::sim {

class Network {
 public:
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void OnFrame(int to, int from, const action::FramePtr& frame) = 0;
    virtual void OnLink(int node, int peer, bool up) = 0;
  };

  Network(int n, const LinkPlan& plan, Scheduler& scheduler, Receiver& receiver, Random random);

  void SetUp(int node, bool up);
  void Send(int from, int to, action::FramePtr frame);
  bool Linked(int from, int to) const { return at(from, to).linked; }

  // Nothing passes from one to the other while at least one call says so.
  void Block(int from, int to, bool blocked);
  // A link breaks once: what is in flight is lost.
  void Break(int a, int b);
  void Slow(int node, int64_t by_ms) { slow_ms_[static_cast<size_t>(node)] += by_ms; }
  void CountFault(int at, int peer);

  // An adversary may hold up any frame between honest nodes, within bounds that the caller keeps.
  std::function<int64_t(int from, int to, const peer::v1::Frame& frame)> hold_up;

 private:
  struct Direction {
    bool linked = false;  // as `from` believes
    int blocked = 0;
    int64_t last_arrival_ms = 0;
    std::optional<FaultBudget> faults;  // of `to`, as `from` counts them
  };
  Direction& at(int from, int to) {
    return directions_[static_cast<size_t>(from * n_ + to)];
  }
  const Direction& at(int from, int to) const {
    return directions_[static_cast<size_t>(from * n_ + to)];
  }
  uint64_t& connection(int a, int b) {
    return connections_[static_cast<size_t>(std::min(a, b) * n_ + std::max(a, b))];
  }
  bool MayLink(int a, int b) const;
  void Check(int a, int b);  // links or unlinks after something changed
  void Unlink(int a, int b, int64_t longest_wait_ms);
  SteadyTime Clock() const { return SteadyTime(milliseconds(scheduler_.now_ms() + 1)); }

  const int n_;
  const LinkPlan plan_;
  Scheduler& scheduler_;
  Receiver& receiver_;
  Random random_;
  std::vector<bool> up_;
  std::vector<int64_t> slow_ms_;
  std::vector<Direction> directions_;
  std::vector<uint64_t> connections_;  // odd: linked; by unordered pair
};

}  // namespace decentd::sim
