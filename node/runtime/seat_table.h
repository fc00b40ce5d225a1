// Which rosters this database has served, and where the rounds of each lie. A cluster changes by a
// new roster; a round belongs to one roster for ever (docs/SPEC.md, section 1). The first roster's
// rounds lie in the store itself, those of each later one in a keyspace of their own. The free
// functions read and write the store from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/core/roster.h"
#include "storage/store.h"

namespace decentd {

struct SeatRecord {
  enum class State : uint8_t {
    kActive = 1,   // takes questions
    kClosing = 2,  // takes none, and takes part in those that others took
    kRetired = 3,  // its rounds are kept, and nothing else is done for it
  };
  Roster roster;  // with the addresses that it was adopted with
  std::string keyspace;
  State state = State::kActive;
  int64_t since_unix_ms = 0;  // in this state

  bool live() const { return state != State::kRetired; }
};

// "active", "closing", "retired".
std::string_view SeatStateName(SeatRecord::State state);

namespace seat_table {

// In the order in which they were adopted. DATA_LOSS where a record does not decode.
absl::StatusOr<std::vector<SeatRecord>> Read(const Store& store);

// The keyspace of a roster that is adopted when the table has `adopted` others.
std::string KeyspaceOf(size_t adopted);

void Put(const SeatRecord& record, WriteBatch* writes);
// REQUIRES: it is the latest one, and nothing was said under it.
void Remove(const SeatRecord& record, WriteBatch* writes);

// The keyspaces in which there may be rounds: also of a database that was made before there was a
// table, or by a roster that is not known any more.
absl::StatusOr<std::vector<std::string>> Keyspaces(const Store& store);

}  // namespace seat_table
}  // namespace decentd
