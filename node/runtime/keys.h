// Where things lie in the store. One prefix letter a kind; numbers are big-endian, so that they
// sort.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/core/ids.h"

namespace decentd::keys {

inline std::string BigEndian(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<char>(value & 0xff);
  return bytes;
}
inline uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}
// The round inside a key that holds one right after its prefix of two bytes.
inline std::optional<RoundId> RoundOf(std::string_view key) {
  if (key.size() < 2 + Digest::kSize) return std::nullopt;
  const auto digest = Digest::FromBytes(key.substr(2, Digest::kSize));
  if (!digest) return std::nullopt;
  return RoundId{*digest};
}

inline constexpr std::string_view kJournal = "j/";    // round, record number -> JournalRecord
inline constexpr std::string_view kSummary = "r/";    // round -> RoundSummary
inline constexpr std::string_view kBundle = "b/";     // round -> bundle
inline constexpr std::string_view kByTime = "t/";     // finished, round -> nothing
inline constexpr std::string_view kTombstone = "x/";  // round -> expiry, and how it ended
inline constexpr std::string_view kEvidence = "e/";   // digest -> StoredEvidence
inline constexpr std::string_view kWatermark = "w";
inline constexpr std::string_view kHalted = "h";      // why this node must not vote
inline constexpr std::string_view kBinding = "i";     // ties the database to the key's directory
inline constexpr std::string_view kNotANodes = "k";   // why no node may vote with this database
inline constexpr std::string_view kCluster = "c";     // cluster_id of the open rounds
// Of the database as a whole; all above is there once for each roster (seat_table.h), but that the
// binding and the marks are looked for in the store itself.
inline constexpr std::string_view kSeat = "s/";       // keyspace -> Seat
inline constexpr std::string_view kKeyspace = "n/";   // number: the keyspaces of later rosters

inline std::string OfRound(std::string_view prefix, const RoundId& round) {
  return std::string(prefix) + std::string(round.digest.View());
}
inline std::string OfRecord(const RoundId& round, uint64_t number) {
  return OfRound(kJournal, round) + BigEndian(number);
}
inline std::string ByTime(int64_t finished_unix_ms, const RoundId& round) {
  return std::string(kByTime) + BigEndian(static_cast<uint64_t>(finished_unix_ms)) +
         std::string(round.digest.View());
}

}  // namespace decentd::keys
