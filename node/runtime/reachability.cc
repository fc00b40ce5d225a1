#include "node/runtime/reachability.h"

#include <algorithm>
#include <limits>

namespace decentd {
namespace {
constexpr int64_t kNever = std::numeric_limits<int64_t>::min() / 2;
}  // namespace

Reachability::Reachability(const Roster& roster, NodeIndex self, int64_t now_ms)
    : roster_(roster),
      self_(self),
      heard_ms_(roster.n(), kNever),
      unlinked_ms_(roster.n(), now_ms) {}

void Reachability::OnLinkUp(NodeIndex peer, int64_t now_ms) {
  linked_.Add(peer);
  heard_ms_[peer.value] = now_ms;
}

void Reachability::OnLinkDown(NodeIndex peer, int64_t now_ms) {
  linked_.Remove(peer);
  unlinked_ms_[peer.value] = now_ms;
}

bool Reachability::OnHeartbeat(const Verified<Heartbeat>& heartbeat, int64_t now_ms) {
  const NodeIndex author = heartbeat.author();
  if (author == self_) return false;
  auto [it, first] = latest_.try_emplace(author, *heartbeat);
  const auto newer = [](const Heartbeat& a, const Heartbeat& b) {
    return std::pair(a.boot, a.counter) > std::pair(b.boot, b.counter);
  };
  if (!first && !newer(*heartbeat, it->second)) return false;
  it->second = *heartbeat;
  heard_ms_[author.value] = now_ms;
  fresh_[author] = heartbeat.envelope();
  return true;
}

NodeSet Reachability::Reachable(int64_t now_ms) const {
  NodeSet nodes;
  for (uint16_t i = 0; i < roster_.n(); ++i) {
    if (NodeIndex{i} == self_ || now_ms - heard_ms_[i] <= kWindowMs) nodes.Add(NodeIndex{i});
  }
  return nodes;
}

bool Reachability::HasQuorum(int64_t now_ms) const {
  return Reachable(now_ms).Size() >= roster_.n() - roster_.f();
}

NodeSet Reachability::Unlinked(int64_t now_ms) const {
  NodeSet nodes;
  for (uint16_t i = 0; i < roster_.n(); ++i) {
    const NodeIndex node{i};
    if (node == self_ || linked_.Has(node)) continue;
    if (now_ms - unlinked_ms_[i] >= roster_.parameters().absent_after_ms) nodes.Add(node);
  }
  return nodes;
}

std::optional<int64_t> Reachability::NextChangeMs(int64_t now_ms) const {
  std::optional<int64_t> next;
  const auto consider = [&](int64_t at) {
    if (at > now_ms && (!next || at < *next)) next = at;
  };
  for (uint16_t i = 0; i < roster_.n(); ++i) {
    if (NodeIndex{i} == self_) continue;
    if (!linked_.Has(NodeIndex{i})) {
      consider(unlinked_ms_[i] + roster_.parameters().absent_after_ms);
    }
    if (heard_ms_[i] != kNever) consider(heard_ms_[i] + kWindowMs + 1);
  }
  return next;
}

std::vector<std::shared_ptr<const Envelope>> Reachability::TakeFresh() {
  std::vector<std::shared_ptr<const Envelope>> fresh;
  for (auto& [author, envelope] : fresh_) fresh.push_back(std::move(envelope));
  fresh_.clear();
  return fresh;
}

}  // namespace decentd
