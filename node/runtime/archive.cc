#include "node/runtime/archive.h"

#include <algorithm>

#include "node/runtime/keys.h"

namespace decentd {
namespace {

// A tombstone is stored as its expiry, with this behind it where a record was discarded.
constexpr char kDiscarded = 1;
constexpr size_t kExpiryBytes = 8;

absl::Status DamagedTombstone() {
  return absl::DataLossError("a stored tombstone does not parse");
}

absl::StatusOr<Tombstone> ParseTombstone(std::string_view value) {
  if (value.size() == kExpiryBytes) return Tombstone::kGivenUp;
  if (value.size() == kExpiryBytes + 1 && value.back() == kDiscarded) return Tombstone::kDiscarded;
  return DamagedTombstone();
}

absl::Status DamagedSummary() {
  return absl::DataLossError("the summary of a stored round does not parse");
}

}  // namespace

absl::StatusOr<Archive> Archive::Open(const Store& store) {
  Archive archive;
  absl::Status damage;
  absl::Status status = store.Scan(
      keys::kSummary, PrefixEnd(keys::kSummary), false,
      [&](std::string_view key, std::string_view value) {
        const auto round = keys::RoundOf(key);
        store::v1::RoundSummary summary;
        if (!round || !summary.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          damage = DamagedSummary();
          return false;
        }
        archive.records_[*round] = {summary.finished_unix_ms(), summary.expiry_unix_ms()};
        archive.by_time_.emplace(summary.finished_unix_ms(), *round);
        return true;
      });
  if (!status.ok()) return status;
  if (!damage.ok()) return damage;
  status = store.Scan(keys::kTombstone, PrefixEnd(keys::kTombstone), false,
                      [&](std::string_view key, std::string_view value) {
                        const auto round = keys::RoundOf(key);
                        const auto tombstone = ParseTombstone(value);
                        if (!round || !tombstone.ok()) {
                          damage = DamagedTombstone();
                          return false;
                        }
                        archive.tombstones_[*round] = {
                            static_cast<int64_t>(keys::FromBigEndian(value.substr(0, kExpiryBytes))),
                            *tombstone};
                        return true;
                      });
  if (!status.ok()) return status;
  if (!damage.ok()) return damage;
  const absl::StatusOr<std::string> watermark = store.Get(keys::kWatermark);
  if (watermark.ok()) {
    archive.watermark_ = static_cast<int64_t>(keys::FromBigEndian(*watermark));
  } else if (!absl::IsNotFound(watermark.status())) {
    return watermark.status();
  }
  return archive;
}

bool Archive::Lacks(const RoundId& round) const {
  if (records_.contains(round)) return false;
  const auto it = tombstones_.find(round);
  return it == tombstones_.end() || it->second.tombstone != Tombstone::kDiscarded;
}

std::vector<RoundId> Archive::Newest(size_t limit) const {
  std::vector<RoundId> rounds;
  for (auto it = by_time_.rbegin(); it != by_time_.rend() && rounds.size() < limit; ++it) {
    rounds.push_back(it->second);
  }
  return rounds;
}

void Archive::AddRecord(const RoundId& round, const store::v1::RoundSummary& summary,
                        int64_t expiry_unix_ms, std::string bundle, WriteBatch* writes) {
  writes->Put(keys::OfRound(keys::kSummary, round), summary.SerializeAsString());
  writes->Put(keys::OfRound(keys::kBundle, round), std::move(bundle));
  writes->Put(keys::ByTime(summary.finished_unix_ms(), round), "");
  records_[round] = {summary.finished_unix_ms(), expiry_unix_ms};
  by_time_.emplace(summary.finished_unix_ms(), round);
  if (tombstones_.erase(round) > 0) writes->Delete(keys::OfRound(keys::kTombstone, round));
}

void Archive::AddTombstone(const RoundId& round, int64_t expiry_unix_ms, WriteBatch* writes) {
  PutTombstone(round, {expiry_unix_ms, Tombstone::kGivenUp}, writes);
}

void Archive::PutTombstone(const RoundId& round, const Mark& mark, WriteBatch* writes) {
  tombstones_[round] = mark;
  std::string value = keys::BigEndian(static_cast<uint64_t>(mark.expiry));
  if (mark.tombstone == Tombstone::kDiscarded) value += kDiscarded;
  writes->Put(keys::OfRound(keys::kTombstone, round), std::move(value));
}

void Archive::RaiseWatermark(int64_t to_unix_ms, WriteBatch* writes) {
  if (to_unix_ms <= watermark_) return;
  watermark_ = to_unix_ms;
  writes->Put(std::string(keys::kWatermark), keys::BigEndian(static_cast<uint64_t>(to_unix_ms)));
}

void Archive::Retain(const Retention& retention, int64_t now_unix_ms, WriteBatch* writes) {
  // A record that is gone no longer shows that this node voted, nor that it had it: that is what
  // its tombstone is for.
  for (auto it = by_time_.begin(); it != by_time_.end();) {
    const auto [finished, round] = *it;
    const bool too_many = retention.rounds != 0 && by_time_.size() > retention.rounds;
    const bool too_old = retention.age_ms != 0 && finished < now_unix_ms - retention.age_ms;
    if (!too_many && !too_old) break;
    const int64_t expiry = records_[round].expiry;
    if (expiry >= now_unix_ms) {
      ++it;
      continue;
    }
    PutTombstone(round, {expiry, Tombstone::kDiscarded}, writes);
    writes->Delete(keys::OfRound(keys::kSummary, round));
    writes->Delete(keys::OfRound(keys::kBundle, round));
    writes->Delete(keys::ByTime(finished, round));
    records_.erase(round);
    it = by_time_.erase(it);
  }
  DiscardTombstones(retention.tombstones, now_unix_ms, writes);
}

// The earliest first, so that the watermark covers no more than it has to.
void Archive::DiscardTombstones(uint64_t most, int64_t now_unix_ms, WriteBatch* writes) {
  if (tombstones_.size() <= most) return;
  std::vector<std::pair<int64_t, RoundId>> expired;
  for (const auto& [round, mark] : tombstones_) {
    if (mark.expiry < now_unix_ms) expired.emplace_back(mark.expiry, round);
  }
  const size_t count = std::min(expired.size(), tombstones_.size() - most);
  const auto end = expired.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(expired.begin(), end, expired.end());
  for (auto it = expired.begin(); it != end; ++it) {
    RaiseWatermark(it->first, writes);
    writes->Delete(keys::OfRound(keys::kTombstone, it->second));
    tombstones_.erase(it->second);
  }
}

namespace archive {

absl::StatusOr<std::string> ReadBundle(const Store& store, const RoundId& round) {
  return store.Get(keys::OfRound(keys::kBundle, round));
}

absl::StatusOr<store::v1::RoundSummary> ReadSummary(const Store& store, const RoundId& round) {
  absl::StatusOr<std::string> bytes = store.Get(keys::OfRound(keys::kSummary, round));
  if (!bytes.ok()) return bytes.status();
  store::v1::RoundSummary summary;
  if (!summary.ParseFromString(*bytes)) return DamagedSummary();
  return summary;
}

absl::StatusOr<Tombstone> ReadTombstone(const Store& store, const RoundId& round) {
  const absl::StatusOr<std::string> value = store.Get(keys::OfRound(keys::kTombstone, round));
  if (value.ok()) return ParseTombstone(*value);
  if (absl::IsNotFound(value.status())) return Tombstone::kNone;
  return value.status();
}

absl::Status WhyNoRecord(const Store& store, const RoundId& round) {
  const absl::StatusOr<Tombstone> tombstone = ReadTombstone(store, round);
  if (!tombstone.ok()) return tombstone.status();
  switch (*tombstone) {
    case Tombstone::kGivenUp:
      return absl::FailedPreconditionError("this node gave round " + round.Hex() +
                                           " up undecided and takes no further part in it");
    case Tombstone::kDiscarded:
      return absl::NotFoundError("this node no longer keeps round " + round.Hex() +
                                 ": it was decided, and its retention has passed");
    case Tombstone::kNone:
      break;
  }
  return absl::NotFoundError("this node has not heard of round " + round.Hex());
}

absl::StatusOr<std::vector<store::v1::RoundSummary>> ReadSummaries(
    const Store& store, size_t limit, const std::optional<Position>& after) {
  const std::string end =
      after ? keys::ByTime(after->finished_unix_ms, after->round) : PrefixEnd(keys::kByTime);
  std::vector<RoundId> rounds;
  absl::Status status =
      store.Scan(keys::kByTime, end, true, [&](std::string_view key, std::string_view) {
        const auto digest = Digest::FromBytes(key.substr(std::min<size_t>(key.size(), 10)));
        if (digest) rounds.push_back(RoundId{*digest});
        return rounds.size() < limit;
      });
  if (!status.ok()) return status;
  std::vector<store::v1::RoundSummary> summaries;
  for (const RoundId& round : rounds) {
    const auto summary = ReadSummary(store, round);
    // Discarded between the two reads: not an error of the list.
    if (absl::IsNotFound(summary.status())) continue;
    if (!summary.ok()) return summary.status();
    summaries.push_back(*summary);
  }
  return summaries;
}

}  // namespace archive
}  // namespace decentd
