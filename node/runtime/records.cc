#include "node/runtime/records.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "node/codec/record_codec.h"
#include "node/core/verdict.h"
#include "node/runtime/archive.h"
#include "node/runtime/keys.h"

namespace decentd::records {
namespace {

RoundSummary FromStored(const store::v1::RoundSummary& stored, const Roster& roster) {
  RoundSummary summary;
  if (const auto id = Digest::FromBytes(stored.round_id())) summary.id = RoundId{*id};
  summary.cluster_id = roster.cluster_id();
  summary.epoch = roster.epoch();
  const auto outcome = static_cast<Outcome>(stored.outcome());
  summary.state = outcome == Outcome::kDecided ? RoundSummary::State::kDecided
                                               : RoundSummary::State::kFailed;
  summary.started_unix_ms = stored.started_unix_ms();
  summary.finished_unix_ms = stored.finished_unix_ms();
  summary.question = stored.question();
  summary.outcome = std::string(OutcomeName(outcome));
  if (stored.has_winner()) summary.winner = NodeIndex{static_cast<uint16_t>(stored.winner())};
  summary.answers = static_cast<int>(stored.answers());
  summary.sheets = static_cast<int>(stored.sheets());
  summary.bundle_bytes = stored.bundle_bytes();
  return summary;
}

// The position of a finished round in time, in whichever source it is.
absl::StatusOr<archive::Position> PositionOf(const std::vector<Source>& sources,
                                             const RoundId& round) {
  absl::Status status = absl::NotFoundError("this node has no round " + round.Hex());
  for (const Source& source : sources) {
    const auto summary = archive::ReadSummary(*source.store, round);
    if (summary.ok()) return archive::Position{summary->finished_unix_ms(), round};
    if (!absl::IsNotFound(summary.status())) status = summary.status();
  }
  return status;
}

}  // namespace

absl::StatusOr<RoundSummary> Get(const Source& source, const RoundId& round) {
  const absl::StatusOr<store::v1::RoundSummary> stored =
      archive::ReadSummary(*source.store, round);
  if (stored.ok()) return FromStored(*stored, *source.roster);
  if (!absl::IsNotFound(stored.status())) return stored.status();
  const absl::StatusOr<Tombstone> tombstone = archive::ReadTombstone(*source.store, round);
  if (!tombstone.ok()) return tombstone.status();
  if (*tombstone != Tombstone::kGivenUp) return archive::WhyNoRecord(*source.store, round);
  RoundSummary summary;
  summary.id = round;
  summary.cluster_id = source.roster->cluster_id();
  summary.epoch = source.roster->epoch();
  summary.state = RoundSummary::State::kUndecided;
  return summary;
}

absl::StatusOr<std::string> Bundle(const Store& store, const RoundId& round) {
  absl::StatusOr<std::string> bundle = archive::ReadBundle(store, round);
  if (!absl::IsNotFound(bundle.status())) return bundle;
  const absl::StatusOr<Tombstone> tombstone = archive::ReadTombstone(store, round);
  if (!tombstone.ok()) return tombstone.status();
  if (*tombstone != Tombstone::kNone) return archive::WhyNoRecord(store, round);
  return absl::NotFoundError("round " + round.Hex() + " has no certified decision here yet");
}

absl::StatusOr<std::vector<RoundSummary>> List(std::vector<RoundSummary> open,
                                               const std::vector<Source>& sources, size_t limit,
                                               std::optional<RoundId> after) {
  std::optional<archive::Position> position;
  if (after) {
    const auto it = std::ranges::find(open, *after, &RoundSummary::id);
    if (it != open.end()) {
      open.erase(open.begin(), std::next(it));
    } else {
      open.clear();
      const absl::StatusOr<archive::Position> found = PositionOf(sources, *after);
      if (!found.ok()) return found.status();
      position = *found;
    }
  }
  if (open.size() < limit) {
    std::vector<RoundSummary> finished;
    for (const Source& source : sources) {
      const auto stored = archive::ReadSummaries(*source.store, limit - open.size(), position);
      if (!stored.ok()) return stored.status();
      for (const auto& one : *stored) finished.push_back(FromStored(one, *source.roster));
    }
    std::ranges::sort(finished, [](const RoundSummary& a, const RoundSummary& b) {
      return std::tie(a.finished_unix_ms, a.id) > std::tie(b.finished_unix_ms, b.id);
    });
    std::ranges::move(finished, std::back_inserter(open));
  }
  if (open.size() > limit) open.resize(limit);
  return open;
}

absl::StatusOr<std::vector<StoredEvidence>> Evidence(const Store& store) {
  std::vector<StoredEvidence> list;
  absl::Status status = store.Scan(
      keys::kEvidence, PrefixEnd(keys::kEvidence), false,
      [&](std::string_view key, std::string_view value) {
        const auto record = DecodeEvidence(value);
        const auto id = Digest::FromBytes(key.substr(keys::kEvidence.size()));
        if (!record.ok() || !id) return true;
        list.push_back({id->Hex(), record->evidence.author,
                        std::string(EvidenceName(record->evidence.type)), record->round,
                        record->unix_ms, std::string(value)});
        return true;
      });
  if (!status.ok()) return status;
  std::ranges::sort(list, {}, &StoredEvidence::unix_ms);
  return list;
}

}  // namespace decentd::records
