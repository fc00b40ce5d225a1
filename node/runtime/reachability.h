// Who can be reached: links that are up, and signed heartbeats that others relay, so that two nodes
// that share only a neighbour still see each other (docs/SPEC.md, section 6). Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "node/core/roster.h"
#include "node/core/verified.h"
#include "node/runtime/now.h"

namespace decentd {

class Reachability {
 public:
  static constexpr int64_t kHeartbeatMs = 1000;  // how often each node shows that it is up
  static constexpr int64_t kWindowMs = 5000;     // unheard for longer is out of reach

  Reachability(const Roster& roster, NodeIndex self, int64_t now_ms);

  void OnLinkUp(NodeIndex peer, int64_t now_ms);
  void OnLinkDown(NodeIndex peer, int64_t now_ms);
  // True when it is newer than what was known of its author.
  bool OnHeartbeat(const Verified<Heartbeat>& heartbeat, int64_t now_ms);

  NodeSet Linked() const { return linked_; }
  // This node and all that were heard of within the window.
  NodeSet Reachable(int64_t now_ms) const;
  bool HasQuorum(int64_t now_ms) const;  // n-f nodes, this one included
  // Nodes that have had no live link for at least absent_after.
  NodeSet Unlinked(int64_t now_ms) const;
  // When Unlinked or HasQuorum changes next by time alone, or nothing.
  std::optional<int64_t> NextChangeMs(int64_t now_ms) const;

  // The newest heartbeats of other nodes that arrived since the last call, to pass on.
  std::vector<std::shared_ptr<const Envelope>> TakeFresh();

 private:
  const Roster& roster_;
  const NodeIndex self_;
  NodeSet linked_;
  std::vector<int64_t> heard_ms_;      // by node; far past = never
  std::vector<int64_t> unlinked_ms_;   // by node; since when it has no link
  std::map<NodeIndex, Heartbeat> latest_;
  std::map<NodeIndex, std::shared_ptr<const Envelope>> fresh_;
};

}  // namespace decentd
