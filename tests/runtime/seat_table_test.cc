// Which rosters a database has served, docs/SPEC.md, sections 1 and 11.
#include "node/runtime/seat_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "node/runtime/archive.h"
#include "node/runtime/binding.h"
#include "node/runtime/keys.h"
#include "storage/keyspace.h"
#include "storage/mem_store.h"
#include "tests/core/signed.h"

namespace decentd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::SignedCluster;

class SeatTableTest : public ::testing::Test {
 protected:
  static Roster WithAddresses(const Roster& roster) {
    std::vector<RosterNode> nodes = roster.nodes();
    nodes[0].addresses = {"alice.example.org:7400", "[::1]:7400"};
    return Roster(roster.epoch(), nodes, roster.parameters());
  }
  void Put(const SeatRecord& record) {
    WriteBatch writes;
    seat_table::Put(record, &writes);
    ASSERT_TRUE(store_.WriteSynced(writes).ok());
  }

  const SignedCluster one_{4}, two_{7};
  MemStore store_;
};

TEST_F(SeatTableTest, ARecordIsReadBackWithItsAddressesInTheOrderOfAdoption) {
  ASSERT_THAT(*seat_table::Read(store_), IsEmpty());
  Put({two_.roster(), seat_table::KeyspaceOf(1), SeatRecord::State::kActive, 7});
  Put({WithAddresses(one_.roster()), seat_table::KeyspaceOf(0), SeatRecord::State::kClosing, 9});
  const auto records = seat_table::Read(store_);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_THAT(*records, SizeIs(2));
  EXPECT_EQ((*records)[0].roster.cluster_id(), one_.roster().cluster_id());
  EXPECT_EQ((*records)[0].keyspace, "");
  EXPECT_EQ((*records)[0].state, SeatRecord::State::kClosing);
  EXPECT_EQ((*records)[0].since_unix_ms, 9);
  EXPECT_THAT((*records)[0].roster.node(NodeIndex{0}).addresses,
              ElementsAre("alice.example.org:7400", "[::1]:7400"));
  EXPECT_EQ((*records)[1].roster.cluster_id(), two_.roster().cluster_id());
  EXPECT_TRUE((*records)[1].live());
}

TEST_F(SeatTableTest, ADamagedRecordIsNamed) {
  Put({one_.roster(), "", SeatRecord::State::kActive, 7});
  WriteBatch writes;
  writes.Put(std::string(keys::kSeat), "no record");
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  EXPECT_TRUE(absl::IsDataLoss(seat_table::Read(store_).status()));
}

// What the key may have voted in before its database was lost is of any roster.
TEST_F(SeatTableTest, AcceptingALostDatabaseHoldsForEveryRoster) {
  Put({one_.roster(), seat_table::KeyspaceOf(0), SeatRecord::State::kActive, 7});
  Put({two_.roster(), seat_table::KeyspaceOf(1), SeatRecord::State::kActive, 7});
  const RoundId open{Sha256("open in both")};
  const std::vector<std::string> keyspaces = *seat_table::Keyspaces(store_);
  ASSERT_THAT(keyspaces, SizeIs(2));
  for (const std::string& prefix : keyspaces) {
    WriteBatch writes;
    writes.Put(keys::OfRecord(open, 0), "journal");
    writes.Put(std::string(keys::kHalted), "it forgot");
    ASSERT_TRUE(Keyspace(store_, prefix).WriteSynced(writes).ok());
  }
  std::string folder = ::testing::TempDir() + "seats-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(AcceptLostDatabase(store_, folder + "/identity.binding", 5'000).ok());
  std::filesystem::remove_all(folder);
  for (const std::string& prefix : keyspaces) {
    SCOPED_TRACE(prefix);
    const Keyspace keyspace(store_, prefix);
    const auto archive = Archive::Open(keyspace);
    ASSERT_TRUE(archive.ok());
    EXPECT_EQ(archive->watermark(), 5'000);
    EXPECT_TRUE(archive->IsOver(open));
    EXPECT_TRUE(absl::IsNotFound(keyspace.Get(keys::OfRecord(open, 0)).status()));
    EXPECT_TRUE(absl::IsNotFound(keyspace.Get(keys::kHalted).status()));
  }
}

}  // namespace
}  // namespace decentd
