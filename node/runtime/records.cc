#include "node/runtime/records.h"

#include <algorithm>
#include <iterator>
#include <set>
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

// Of one round without the bytes, which may be many megabytes.
absl::StatusOr<std::vector<StoredEvidence>> ScanEvidence(const Store& store,
                                                         const std::optional<RoundId>& of) {
  std::vector<StoredEvidence> list;
  absl::Status status = store.Scan(
      keys::kEvidence, PrefixEnd(keys::kEvidence), false,
      [&](std::string_view key, std::string_view value) {
        const auto record = DecodeEvidence(value);
        const auto id = Digest::FromBytes(key.substr(keys::kEvidence.size()));
        if (!record.ok() || !id || (of && record->round != *of)) return true;
        list.push_back({id->Hex(), record->evidence.author,
                        std::string(EvidenceName(record->evidence.type)), record->round,
                        record->unix_ms, of ? std::string() : std::string(value)});
        return true;
      });
  if (!status.ok()) return status;
  std::ranges::sort(list, {}, &StoredEvidence::unix_ms);
  return list;
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

absl::StatusOr<std::vector<RoundSummary>> List(
    const std::function<absl::StatusOr<std::vector<RoundSummary>>()>& open_rounds,
    const std::vector<Source>& sources, size_t limit, std::optional<RoundId> after) {
  absl::StatusOr<archive::Position> position = absl::NotFoundError("from the first one on");
  if (after) position = PositionOf(sources, *after);
  if (!position.ok() && !absl::IsNotFound(position.status())) return position.status();
  std::vector<RoundSummary> open;
  if (!position.ok()) {
    absl::StatusOr<std::vector<RoundSummary>> told = open_rounds();
    if (!told.ok()) return told.status();
    open = *std::move(told);
  }
  if (after && !position.ok()) {
    const auto it = std::ranges::find(open, *after, &RoundSummary::id);
    if (it != open.end()) {
      open.erase(open.begin(), std::next(it));
    } else {
      open.clear();
      position = PositionOf(sources, *after);  // it may have ended between the two
      if (!position.ok()) return position.status();
    }
  }
  if (open.size() < limit) {
    std::vector<RoundSummary> finished;
    for (const Source& source : sources) {
      const auto stored = archive::ReadSummaries(
          *source.store, limit, position.ok() ? std::optional(*position) : std::nullopt);
      if (!stored.ok()) return stored.status();
      for (const auto& one : *stored) finished.push_back(FromStored(one, *source.roster));
    }
    std::ranges::sort(finished, [](const RoundSummary& a, const RoundSummary& b) {
      return std::tie(a.finished_unix_ms, a.id) > std::tie(b.finished_unix_ms, b.id);
    });
    // What ended after it was told to be open is listed once.
    std::set<RoundId> over;
    for (const RoundSummary& round : finished) over.insert(round.id);
    std::erase_if(open, [&](const RoundSummary& round) { return over.contains(round.id); });
    std::ranges::move(finished, std::back_inserter(open));
  }
  if (open.size() > limit) open.resize(limit);
  return open;
}

absl::StatusOr<std::vector<StoredEvidence>> Evidence(const Store& store) {
  return ScanEvidence(store, std::nullopt);
}

absl::StatusOr<std::vector<StoredEvidence>> EvidenceOf(const Store& store, const RoundId& round) {
  return ScanEvidence(store, round);
}

}  // namespace decentd::records
