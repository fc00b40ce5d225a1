// Rounds that are over: their records, their tombstones, and the watermark below which this node
// never votes (docs/SPEC.md, sections 11 and 12). Keeps the ids in memory and the bytes in the
// store. Not thread-safe; the free functions below read the store from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "decentd/store/v1/store.pb.h"
#include "node/core/ids.h"
#include "storage/store.h"

namespace decentd {

// How long finished rounds are kept. A round is never discarded before its query has expired.
struct Retention {
  uint64_t rounds = 100'000;                          // the newest ones; 0 = without limit
  int64_t age_ms = 90ll * 24 * 60 * 60 * 1000;        // 0 = without limit
  int64_t undecided_ms = 7ll * 24 * 60 * 60 * 1000;   // an open round becomes a tombstone
  // Far more than peers name when their links come up, and a few MiB of memory.
  uint64_t tombstones = 100'000;
};

// What is left of a round that is over here without a record.
enum class Tombstone { kNone, kGivenUp, kDiscarded };

class Archive {
 public:
  // DATA_LOSS where the store holds what this class does not write.
  static absl::StatusOr<Archive> Open(const Store& store);

  bool HasRecord(const RoundId& round) const { return records_.contains(round); }
  // Its record or its tombstone is here: it is not voted in again.
  bool IsOver(const RoundId& round) const {
    return records_.contains(round) || tombstones_.contains(round);
  }
  // Its record is not here and never was: worth taking over.
  bool Lacks(const RoundId& round) const;
  size_t size() const { return records_.size(); }
  int64_t watermark() const { return watermark_; }
  // The newest finished rounds, at most `limit`.
  std::vector<RoundId> Newest(size_t limit) const;

  void AddRecord(const RoundId& round, const store::v1::RoundSummary& summary,
                 int64_t expiry_unix_ms, std::string bundle, WriteBatch* writes);
  // The round was given up undecided.
  void AddTombstone(const RoundId& round, int64_t expiry_unix_ms, WriteBatch* writes);
  void RaiseWatermark(int64_t to_unix_ms, WriteBatch* writes);
  // Discards what is past its time. A record leaves a tombstone, and a tombstone that is discarded
  // raises the watermark.
  void Retain(const Retention& retention, int64_t now_unix_ms, WriteBatch* writes);

 private:
  struct Times {
    int64_t finished = 0, expiry = 0;
  };
  std::map<RoundId, Times> records_;
  std::set<std::pair<int64_t, RoundId>> by_time_;
  struct Mark {
    int64_t expiry = 0;
    Tombstone tombstone = Tombstone::kGivenUp;
  };
  void PutTombstone(const RoundId& round, const Mark& mark, WriteBatch* writes);
  void DiscardTombstones(uint64_t most, int64_t now_unix_ms, WriteBatch* writes);

  std::map<RoundId, Mark> tombstones_;
  int64_t watermark_ = 0;
};

namespace archive {

// NOT_FOUND where there is none.
absl::StatusOr<std::string> ReadBundle(const Store& store, const RoundId& round);
absl::StatusOr<store::v1::RoundSummary> ReadSummary(const Store& store, const RoundId& round);
absl::StatusOr<Tombstone> ReadTombstone(const Store& store, const RoundId& round);
// For who asks for a round that has neither record nor journal here: FAILED_PRECONDITION where it
// was given up, else NOT_FOUND, with the reason.
absl::Status WhyNoRecord(const Store& store, const RoundId& round);
// Of a finished round among the others, which may lie in another store.
struct Position {
  int64_t finished_unix_ms;
  RoundId round;
};
// Newest first, those behind the position.
absl::StatusOr<std::vector<store::v1::RoundSummary>> ReadSummaries(
    const Store& store, size_t limit, const std::optional<Position>& after);

}  // namespace archive
}  // namespace decentd
