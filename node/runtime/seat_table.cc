#include "node/runtime/seat_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "decentd/store/v1/store.pb.h"
#include "node/runtime/keys.h"

namespace decentd {
namespace {

std::string KeyOf(std::string_view keyspace) {
  return std::string(keys::kSeat) + std::string(keyspace);
}

std::optional<SeatRecord> Decode(std::string_view key, std::string_view value) {
  store::v1::Seat stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return std::nullopt;
  std::optional<Roster> canonical = Roster::FromCanonicalBytes(stored.roster());
  if (!canonical || stored.addresses_size() != canonical->n() ||
      stored.state() < static_cast<uint32_t>(SeatRecord::State::kActive) ||
      stored.state() > static_cast<uint32_t>(SeatRecord::State::kRetired)) {
    return std::nullopt;
  }
  std::vector<RosterNode> nodes = canonical->nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const auto& of_node = stored.addresses(static_cast<int>(i)).address();
    nodes[i].addresses.assign(of_node.begin(), of_node.end());
  }
  return SeatRecord{Roster(canonical->epoch(), std::move(nodes), canonical->parameters()),
                    std::string(key.substr(keys::kSeat.size())),
                    static_cast<SeatRecord::State>(stored.state()), stored.since_unix_ms()};
}

}  // namespace

std::string_view SeatStateName(SeatRecord::State state) {
  switch (state) {
    case SeatRecord::State::kActive:
      return "active";
    case SeatRecord::State::kClosing:
      return "closing";
    case SeatRecord::State::kRetired:
      break;
  }
  return "retired";
}

namespace seat_table {

absl::StatusOr<std::vector<SeatRecord>> Read(const Store& store) {
  std::vector<SeatRecord> records;
  absl::Status damage;
  absl::Status status = store.Scan(
      keys::kSeat, PrefixEnd(keys::kSeat), false, [&](std::string_view key, std::string_view value) {
        std::optional<SeatRecord> record = Decode(key, value);
        if (!record) {
          damage = absl::DataLossError("the record of an adopted roster does not decode");
          return false;
        }
        records.push_back(*std::move(record));
        return true;
      });
  if (!status.ok()) return status;
  if (!damage.ok()) return damage;
  return records;
}

// Keys sort, so that later ones come behind the first, which has an empty one.
std::string KeyspaceOf(size_t adopted) {
  return adopted == 0 ? "" : std::string(keys::kKeyspace) + keys::BigEndian(adopted);
}

void Put(const SeatRecord& record, WriteBatch* writes) {
  store::v1::Seat stored;
  stored.set_roster(record.roster.CanonicalBytes());
  for (const RosterNode& node : record.roster.nodes()) {
    stored.add_addresses()->mutable_address()->Assign(node.addresses.begin(),
                                                      node.addresses.end());
  }
  stored.set_state(static_cast<uint32_t>(record.state));
  stored.set_since_unix_ms(record.since_unix_ms);
  writes->Put(KeyOf(record.keyspace), stored.SerializeAsString());
}

void Remove(const SeatRecord& record, WriteBatch* writes) {
  writes->Delete(KeyOf(record.keyspace));
}

absl::StatusOr<std::vector<std::string>> Keyspaces(const Store& store) {
  const absl::StatusOr<std::vector<SeatRecord>> records = Read(store);
  if (!records.ok()) return records.status();
  std::vector<std::string> keyspaces{""};
  for (const SeatRecord& record : *records) {
    if (!record.keyspace.empty()) keyspaces.push_back(record.keyspace);
  }
  return keyspaces;
}

}  // namespace seat_table
}  // namespace decentd
