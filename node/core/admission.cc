#include "node/core/admission.h"

#include <algorithm>

namespace decentd {
namespace {

// Clocks of honest nodes may differ by this much before a query is refused as too far ahead.
constexpr int64_t kClockMarginMs = 5 * 60 * 1000;

}  // namespace

uint32_t Admission::Sponsored(NodeIndex sponsor) const {
  auto it = open_by_sponsor_.find(sponsor);
  return it == open_by_sponsor_.end() ? 0 : it->second;
}

bool Admission::HasBudget(NodeIndex sponsor) const {
  return Sponsored(sponsor) < roster_.parameters().rounds_per_sponsor;
}

// Each peer has an equal share of the waiting rounds; beyond it, its own oldest one makes room.
Admission::Entry& Admission::Open(NodeIndex from, const RoundId& round) {
  if (auto it = waiting_.find(round); it != waiting_.end()) return it->second;
  auto& mine = by_opener_[from];
  const size_t share = std::max<size_t>(8, limits::kMaxUnjoinedRounds / roster_.n());
  if (mine.size() >= share) Forget(RoundId(mine.begin()->second));
  Entry& entry = waiting_[round];
  entry.opener = from;
  entry.age = next_age_++;
  mine.emplace(entry.age, round);
  return entry;
}

void Admission::Forget(const RoundId& round) {
  auto it = waiting_.find(round);
  if (it == waiting_.end()) return;
  bytes_ -= it->second.bytes;
  if (it->second.query) {
    query_bytes_[it->second.opener] -= it->second.query->envelope()->body.size();
  }
  by_opener_[it->second.opener].erase(it->second.age);
  waiting_.erase(it);
}

void Admission::HoldQuery(NodeIndex from, const Verified<Query>& query) {
  const RoundId round{query.body_digest()};
  Entry& entry = Open(from, round);
  if (entry.query) return;
  const size_t bytes = query.envelope()->body.size();
  MakeRoomForQuery(entry.opener, round, bytes);
  query_bytes_[entry.opener] += bytes;
  entry.query = query;
}

// Anyone can sign queries, so their bytes have an equal share for each peer as well: at least one
// query, and its own oldest ones make room.
void Admission::MakeRoomForQuery(NodeIndex opener, const RoundId& keep, size_t bytes) {
  const size_t share = std::max(limits::kMaxQueryBytes, limits::kMaxUnjoinedBytes / roster_.n());
  std::vector<RoundId> oldest;
  for (const auto& [age, round] : by_opener_[opener]) {
    if (round != keep && waiting_.at(round).query) oldest.push_back(round);
  }
  for (const RoundId& round : oldest) {
    if (query_bytes_[opener] + bytes <= share) return;
    Forget(round);
  }
}

void Admission::HoldEvent(NodeIndex from, const RoundId& round, NodeIndex author, Event event,
                          size_t bytes) {
  Entry& entry = Open(from, round);
  entry.authors.Add(author);
  if (std::holds_alternative<event::SponsorReceived>(event)) {
    if (std::ranges::find(entry.sponsors, author) != entry.sponsors.end()) return;
    entry.sponsors.push_back(author);
  }
  if (entry.bytes + bytes > limits::kMaxUnjoinedBytesPerRound ||
      bytes_ + bytes > limits::kMaxUnjoinedBytes) {
    return;
  }
  entry.bytes += bytes;
  bytes_ += bytes;
  entry.events.push_back(std::move(event));
}

std::optional<Admission::Joined> Admission::TryJoin(const RoundId& round, int64_t now_unix_ms,
                                                    int64_t watermark) {
  auto it = waiting_.find(round);
  if (it == waiting_.end() || !it->second.query) return std::nullopt;
  Entry& entry = it->second;
  const int64_t expiry = (*entry.query)->expiry_unix_ms;
  // This node may have voted in it before it lost its memory (SPEC section 11).
  if (expiry <= watermark) return std::nullopt;

  std::optional<NodeIndex> sponsor;
  if (entry.authors.Size() < roster_.f() + 1) {
    const int64_t latest = now_unix_ms + kClockMarginMs +
                           static_cast<int64_t>(roster_.parameters().longest_lifetime_ms);
    if (expiry <= now_unix_ms || expiry > latest) return std::nullopt;
  }
  for (NodeIndex candidate : entry.sponsors) {
    if (HasBudget(candidate)) {
      sponsor = candidate;
      break;
    }
  }
  if (!sponsor && entry.authors.Size() < roster_.f() + 1) return std::nullopt;
  Joined joined{*entry.query, sponsor, std::move(entry.events)};
  Forget(round);
  return joined;
}

Admission::Joined Admission::TakeWith(const Verified<Query>& query, NodeIndex self) {
  Joined joined{query, self, {}};
  const RoundId round{query.body_digest()};
  if (auto it = waiting_.find(round); it != waiting_.end()) {
    joined.events = std::move(it->second.events);
    Forget(round);
  }
  return joined;
}

Admission::Held Admission::held() const {
  Held held{0, 0, bytes_};
  for (const auto& [peer, rounds] : by_opener_) {
    held.most_rounds = std::max(held.most_rounds, rounds.size());
  }
  for (const auto& [peer, bytes] : query_bytes_) {
    held.most_query_bytes = std::max(held.most_query_bytes, bytes);
  }
  return held;
}

bool Admission::HasQuery(const RoundId& round) const {
  auto it = waiting_.find(round);
  return it != waiting_.end() && it->second.query.has_value();
}

std::vector<RoundId> Admission::Waiting() const {
  std::vector<RoundId> rounds;
  for (const auto& [round, entry] : waiting_) rounds.push_back(round);
  return rounds;
}

bool Admission::WantsQuery(const RoundId& round) const {
  auto it = waiting_.find(round);
  return it != waiting_.end() && !it->second.query &&
         it->second.authors.Size() >= roster_.f() + 1;
}

}  // namespace decentd
