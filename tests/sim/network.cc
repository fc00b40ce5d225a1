#include "tests/sim/network.h"

#include <algorithm>

namespace decentd::sim {
namespace {

// As in LinkOptions.
constexpr int kFaultsPerMinute = 50;
constexpr milliseconds kFirstBlock{10'000}, kLongestBlock{600'000};
// Until a link whose other end is unreachable is noticed to be dead.
constexpr int64_t kDeadAfterMs = 3'000;
constexpr int64_t kLongestConnectMs = 300;

}  // namespace

Network::Network(int n, const LinkPlan& plan, Scheduler& scheduler, Receiver& receiver,
                 Random random)
    : n_(n),
      plan_(plan),
      scheduler_(scheduler),
      receiver_(receiver),
      random_(random),
      up_(static_cast<size_t>(n), false),
      slow_ms_(static_cast<size_t>(n), 0),
      directions_(static_cast<size_t>(n * n)),
      connections_(static_cast<size_t>(n * n), 0) {}

bool Network::MayLink(int a, int b) const {
  const auto blocks = [this](int from, int to) {
    const Direction& d = at(from, to);
    return d.blocked > 0 || (d.faults && d.faults->Blocked(Clock()));
  };
  return up_[static_cast<size_t>(a)] && up_[static_cast<size_t>(b)] && !blocks(a, b) &&
         !blocks(b, a);
}

void Network::SetUp(int node, bool up) {
  if (up_[static_cast<size_t>(node)] == up) return;
  up_[static_cast<size_t>(node)] = up;
  for (int other = 0; other < n_; ++other) {
    if (other == node) continue;
    if (!up) {
      // The one that stopped notices nothing; it forgets its links.
      at(node, other).linked = false;
      Unlink(node, other, kLongestConnectMs);
    }
    Check(node, other);
  }
}

void Network::Check(int a, int b) {
  const bool linked = connection(a, b) % 2 == 1;
  if (linked || !MayLink(a, b)) return;
  const uint64_t number = ++connection(a, b);
  for (const auto& [node, peer] : {std::pair(a, b), std::pair(b, a)}) {
    at(node, peer).last_arrival_ms = 0;
    scheduler_.In(random_.Between(0, kLongestConnectMs), [this, node, peer, number] {
      if (connection(node, peer) != number) return;
      // The end of the one before was not noticed yet.
      if (at(node, peer).linked) receiver_.OnLink(node, peer, false);
      at(node, peer).linked = true;
      receiver_.OnLink(node, peer, true);
    });
  }
}

void Network::Unlink(int a, int b, int64_t longest_wait_ms) {
  if (connection(a, b) % 2 == 0) return;
  const uint64_t number = ++connection(a, b);
  for (const auto& [node, peer] : {std::pair(a, b), std::pair(b, a)}) {
    if (!at(node, peer).linked) continue;
    scheduler_.In(random_.Between(0, longest_wait_ms), [this, node, peer, number] {
      if (connection(node, peer) != number || !at(node, peer).linked) return;
      at(node, peer).linked = false;
      receiver_.OnLink(node, peer, false);
    });
  }
  // Dialled again once both have noticed.
  scheduler_.In(longest_wait_ms + 1 + random_.Between(0, kLongestConnectMs), [this, a, b, number] {
    if (connection(a, b) == number) Check(a, b);
  });
}

void Network::Block(int from, int to, bool blocked) {
  at(from, to).blocked += blocked ? 1 : -1;
  if (blocked) {
    // Whoever no longer hears the other notices after a while; the wait may outlast the cut.
    const uint64_t number = connection(from, to);
    scheduler_.In(random_.Between(0, kDeadAfterMs), [this, from, to, number] {
      if (connection(from, to) == number && !MayLink(from, to)) Unlink(from, to, kDeadAfterMs);
    });
  } else {
    Check(from, to);
  }
}

void Network::Break(int a, int b) { Unlink(a, b, kLongestConnectMs); }

void Network::CountFault(int node, int peer) {
  Direction& d = at(node, peer);
  if (!d.faults) d.faults.emplace(kFaultsPerMinute, kFirstBlock, kLongestBlock);
  if (!d.faults->Count(Clock())) return;
  Unlink(node, peer, kLongestConnectMs);
  scheduler_.In(d.faults->block().count() + 1, [this, node, peer] { Check(node, peer); });
}

void Network::Send(int from, int to, action::FramePtr frame) {
  Direction& d = at(from, to);
  if (from == to || !d.linked || random_.Chance(plan_.lost_permille)) return;
  const uint64_t number = connection(from, to);
  const auto deliver = [this, from, to, number, frame] {
    // The link broke on the way, or nothing passes.
    if (connection(from, to) != number || at(from, to).blocked > 0) return;
    if (!at(to, from).linked) return;
    receiver_.OnFrame(to, from, frame);
  };
  int64_t delay = random_.Between(plan_.shortest_ms, plan_.longest_ms) +
                  slow_ms_[static_cast<size_t>(from)] + slow_ms_[static_cast<size_t>(to)];
  if (hold_up) delay += hold_up(from, to, *frame);
  d.last_arrival_ms = std::max(d.last_arrival_ms, scheduler_.now_ms() + delay);
  scheduler_.At(d.last_arrival_ms, deliver);
  if (random_.Chance(plan_.twice_permille)) {
    scheduler_.At(d.last_arrival_ms + random_.Between(0, 20 * plan_.longest_ms), deliver);
  }
}

}  // namespace decentd::sim
