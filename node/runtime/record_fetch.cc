#include "node/runtime/record_fetch.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace decentd {

void RecordFetch::OnNamed(NodeIndex peer, const RoundId& round, bool urgent) {
  Peer& by = peers_[peer];
  if (by.asked == round) return;
  if (const auto it = by.place.find(round); it != by.place.end()) {
    if (!urgent || it->second < 0) return;
    Remove(by, round);
  }
  if (by.named.size() >= kMaxNamed) {
    if (!urgent) return;
    Remove(by, RoundId(std::prev(by.named.end())->second));
  }
  Queue(by, round, urgent);
}

void RecordFetch::OnPart(NodeIndex peer, const RoundId& round) {
  const auto it = peers_.find(peer);
  if (it != peers_.end() && it->second.asked == round) it->second.part_due = true;
}

void RecordFetch::OnInvalid(NodeIndex peer, int64_t now_ms) {
  Peer& by = peers_[peer];
  by.trusted_from_ms = now_ms + kMistrustMs;
  if (by.asked) EndAsk(by);
}

// What it was mistrusted for is not forgotten with the link.
void RecordFetch::OnLinkDown(NodeIndex peer) {
  const auto it = peers_.find(peer);
  if (it == peers_.end()) return;
  Peer& by = it->second;
  if (by.asked) EndAsk(by);
  by.named.clear();
  by.place.clear();
}

bool RecordFetch::Forget(const RoundId& round) {
  bool asked = false;
  for (auto& [index, by] : peers_) {
    Remove(by, round);
    if (by.asked != round) continue;
    EndAsk(by);
    asked = true;
  }
  return asked;
}

std::vector<RecordFetch::Ask> RecordFetch::Due(int64_t now_ms) {
  // Who kept this node waiting comes after those who did not.
  std::vector<std::pair<int64_t, NodeIndex>> order;
  for (auto& [index, by] : peers_) {
    if (by.asked && !by.part_due && now_ms - by.asked_ms >= kGiveUpMs) {
      const RoundId round = *by.asked;
      EndAsk(by);
      Queue(by, round, /*urgent=*/false);
      by.gave_up_ms = now_ms;
    }
    order.emplace_back(by.gave_up_ms, index);
  }
  std::ranges::sort(order);
  std::vector<Ask> asks;
  for (const auto& [gave_up, index] : order) {
    Peer& by = peers_[index];
    if (!by.asked && now_ms >= by.trusted_from_ms) Begin(by);
    if (!by.asked || !std::exchange(by.part_due, false)) continue;
    by.asked_ms = now_ms;
    asks.push_back({index, *by.asked});
  }
  return asks;
}

std::optional<int64_t> RecordFetch::NextDueMs(int64_t now_ms) const {
  std::optional<int64_t> next;
  const auto due = [&](int64_t at) { next = std::min(next.value_or(at), at); };
  for (const auto& [index, by] : peers_) {
    if (by.asked) {
      due(by.asked_ms + kGiveUpMs);
    } else if (!by.named.empty() && by.trusted_from_ms > now_ms) {
      due(by.trusted_from_ms);
    }
  }
  return next;
}

void RecordFetch::Remove(Peer& peer, const RoundId& round) {
  const auto it = peer.place.find(round);
  if (it == peer.place.end()) return;
  peer.named.erase(it->second);
  peer.place.erase(it);
}

void RecordFetch::Queue(Peer& peer, const RoundId& round, bool urgent) {
  ++next_place_;
  const int64_t place = next_place_ + (urgent ? std::numeric_limits<int64_t>::min() : 0);
  peer.named.emplace(place, round);
  peer.place.emplace(round, place);
}

void RecordFetch::EndAsk(Peer& peer) {
  if (--asked_of_[*peer.asked] == 0) asked_of_.erase(*peer.asked);
  peer.asked.reset();
  peer.part_due = false;
}

// The first record that it names and that fewer than f + 1 are asked for.
void RecordFetch::Begin(Peer& peer) {
  for (const auto& [place, named] : peer.named) {
    const auto asked = asked_of_.find(named);
    if (asked != asked_of_.end() && asked->second > roster_.f()) continue;
    const RoundId round = named;
    Remove(peer, round);
    peer.asked = round;
    peer.part_due = true;
    ++asked_of_[round];
    return;
  }
}

}  // namespace decentd
