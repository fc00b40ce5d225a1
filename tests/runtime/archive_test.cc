// Records, tombstones and the watermark of docs/SPEC.md, sections 11 and 12.
#include "node/runtime/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/runtime/keys.h"
#include "node/runtime/records.h"
#include "storage/mem_store.h"
#include "tests/core/signed.h"

namespace decentd {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

RoundId Id(int i) { return RoundId{Sha256(std::to_string(i))}; }

class ArchiveTest : public ::testing::Test {
 protected:
  MemStore store_;
  Archive archive_ = *Archive::Open(store_);

  void Write(WriteBatch writes) {
    ASSERT_TRUE(store_.WriteSynced(writes).ok());
    archive_ = *Archive::Open(store_);  // what counts is what is durable
  }
  void Add(int i, int64_t finished, int64_t expiry) {
    store::v1::RoundSummary summary;
    summary.set_round_id(std::string(Id(i).digest.View()));
    summary.set_finished_unix_ms(finished);
    summary.set_expiry_unix_ms(expiry);
    WriteBatch writes;
    archive_.AddRecord(Id(i), summary, expiry, "bundle " + std::to_string(i), &writes);
    Write(std::move(writes));
  }
  void Retain(const Retention& retention, int64_t now) {
    WriteBatch writes;
    archive_.Retain(retention, now, &writes);
    Write(std::move(writes));
  }
};

TEST_F(ArchiveTest, ARecordIsThereAfterARestart) {
  Add(1, 100, 50);
  EXPECT_TRUE(archive_.HasRecord(Id(1)));
  EXPECT_TRUE(archive_.IsOver(Id(1)));
  EXPECT_FALSE(archive_.IsOver(Id(2)));
  EXPECT_EQ(*archive::ReadBundle(store_, Id(1)), "bundle 1");
  EXPECT_TRUE(absl::IsNotFound(archive::ReadBundle(store_, Id(2)).status()));
}

TEST_F(ArchiveTest, ListsAreNewestFirstAndGoOnAfterAnyRound) {
  for (int i = 1; i <= 4; ++i) Add(i, 100 * i, 0);
  EXPECT_THAT(archive_.Newest(2), ElementsAre(Id(4), Id(3)));
  const auto page = archive::ReadSummaries(store_, 2, archive::Position{300, Id(3)});
  ASSERT_TRUE(page.ok());
  ASSERT_THAT(*page, SizeIs(2));
  EXPECT_EQ((*page)[0].finished_unix_ms(), 200);
  EXPECT_EQ((*page)[1].finished_unix_ms(), 100);
}

TEST_F(ArchiveTest, ARoundThatEndsWhileAListIsMadeIsListedOnceAndThePageIsFull) {
  const testing::SignedCluster cluster(4);
  for (int i = 1; i <= 4; ++i) Add(i, 100 * i, 0);
  std::vector<RoundSummary> open(2);
  open[0].id = Id(5);
  open[1].id = Id(4);
  const auto page =
      records::List([&] { return open; }, {{&store_, &cluster.roster()}}, 4, std::nullopt);
  ASSERT_TRUE(page.ok()) << page.status();
  std::vector<RoundId> ids;
  for (const RoundSummary& round : *page) ids.push_back(round.id);
  EXPECT_THAT(ids, ElementsAre(Id(5), Id(4), Id(3), Id(2)));
  EXPECT_NE((*page)[1].finished_unix_ms, 0);
}

TEST_F(ArchiveTest, PagesOfRoundsThatAreOverAreListedHoweverBusyTheNode) {
  const testing::SignedCluster cluster(4);
  for (int i = 1; i <= 3; ++i) Add(i, 100 * i, 0);
  const auto busy = []() -> absl::StatusOr<std::vector<RoundSummary>> {
    return absl::UnavailableError("busy");
  };
  const std::vector<records::Source> sources{{&store_, &cluster.roster()}};
  EXPECT_TRUE(absl::IsUnavailable(records::List(busy, sources, 2, std::nullopt).status()));
  const auto page = records::List(busy, sources, 2, Id(3));
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(*page, SizeIs(2));
  EXPECT_EQ((*page)[0].id, Id(2));
  EXPECT_TRUE(absl::IsUnavailable(records::List(busy, sources, 2, Id(4)).status()));
  const auto none = [] { return std::vector<RoundSummary>(); };
  EXPECT_TRUE(absl::IsNotFound(records::List(none, sources, 2, Id(4)).status()));
}

// Nodes keep records for different times: the others name theirs again and again.
TEST_F(ArchiveTest, ADiscardedRecordIsNeitherWantedAgainNorIsItsRoundVotedIn) {
  for (int i = 1; i <= 3; ++i) Add(i, 100 * i, 1'000 * i);
  EXPECT_TRUE(archive_.Lacks(Id(4)));
  EXPECT_FALSE(archive_.Lacks(Id(1)));
  Retain({.rounds = 1, .age_ms = 0}, 10'000);
  EXPECT_EQ(archive_.size(), 1u);
  EXPECT_TRUE(archive_.HasRecord(Id(3)));
  for (int i : {1, 2}) {
    EXPECT_FALSE(archive_.HasRecord(Id(i)));
    EXPECT_TRUE(archive_.IsOver(Id(i)));
    EXPECT_FALSE(archive_.Lacks(Id(i)));
    EXPECT_TRUE(absl::IsNotFound(archive::ReadBundle(store_, Id(i)).status()));
  }
  EXPECT_EQ(archive_.watermark(), 0) << "the mark says more";
}

TEST_F(ArchiveTest, AMarkThatIsDiscardedRaisesTheWatermarkAndTheEarliestGoFirst) {
  constexpr int kMost = static_cast<int>(Retention{}.tombstones);
  WriteBatch writes;
  for (int i = 1; i <= kMost + 3; ++i) archive_.AddTombstone(Id(i), 1'000 + i, &writes);
  archive_.AddTombstone(Id(0), 5'000'000, &writes);
  Write(std::move(writes));
  Retain({}, 2'000'000);
  EXPECT_EQ(archive_.watermark(), 1'004);
  for (int i : {1, 2, 3, 4}) EXPECT_FALSE(archive_.IsOver(Id(i)));
  for (int i : {0, 5, 6, kMost + 3}) EXPECT_TRUE(archive_.IsOver(Id(i)));
}

TEST_F(ArchiveTest, NoMarkIsDiscardedBeforeItsQueryHasExpired) {
  constexpr int kMost = static_cast<int>(Retention{}.tombstones);
  WriteBatch writes;
  for (int i = 1; i <= kMost + 3; ++i) archive_.AddTombstone(Id(i), 1'000 + i, &writes);
  Write(std::move(writes));
  Retain({}, 1'002);
  EXPECT_EQ(archive_.watermark(), 1'001);
  EXPECT_TRUE(archive_.IsOver(Id(2)));
}

TEST_F(ArchiveTest, NothingIsDiscardedBeforeItsQueryHasExpired) {
  Add(1, 100, 20'000);
  Add(2, 200, 1'000);
  Retain({.rounds = 1, .age_ms = 1}, 10'000);
  EXPECT_TRUE(archive_.HasRecord(Id(1)));
  EXPECT_FALSE(archive_.HasRecord(Id(2)));
}

TEST_F(ArchiveTest, OldAgeDiscardsToo) {
  Add(1, 100, 0);
  Add(2, 9'000, 0);
  Retain({.rounds = 0, .age_ms = 5'000}, 10'000);
  EXPECT_FALSE(archive_.HasRecord(Id(1)));
  EXPECT_TRUE(archive_.HasRecord(Id(2)));
  Retain({.rounds = 0, .age_ms = 0}, 1'000'000);
  EXPECT_TRUE(archive_.HasRecord(Id(2))) << "0 is without limit";
}

TEST_F(ArchiveTest, ATombstoneOutlivesARestartAndGivesWayToARecord) {
  WriteBatch writes;
  archive_.AddTombstone(Id(1), 500, &writes);
  Write(std::move(writes));
  EXPECT_TRUE(archive_.IsOver(Id(1)));
  EXPECT_TRUE(archive_.Lacks(Id(1))) << "others may have decided it";
  Retain({}, 1'000);
  EXPECT_TRUE(archive_.IsOver(Id(1))) << "tombstones stay while there is room";
  Add(1, 600, 500);
  EXPECT_TRUE(archive_.HasRecord(Id(1)));
  EXPECT_TRUE(absl::IsNotFound(store_.Get(keys::OfRound(keys::kTombstone, Id(1))).status()));
}

TEST_F(ArchiveTest, TheWatermarkOnlyRises) {
  WriteBatch writes;
  archive_.RaiseWatermark(500, &writes);
  archive_.RaiseWatermark(400, &writes);
  Write(std::move(writes));
  EXPECT_EQ(archive_.watermark(), 500);
}

// A mark that is forgotten is a round that is voted in twice.
TEST_F(ArchiveTest, ATombstoneThatDoesNotParseIsDataLoss) {
  for (const std::string value : {"", "1234567", "12345678\x02", "1234567890"}) {
    WriteBatch writes;
    writes.Put(keys::OfRound(keys::kTombstone, Id(1)), value);
    ASSERT_TRUE(store_.WriteSynced(writes).ok());
    EXPECT_TRUE(absl::IsDataLoss(Archive::Open(store_).status())) << value.size();
  }
}

TEST_F(ArchiveTest, ASummaryThatDoesNotParseIsDataLoss) {
  WriteBatch writes;
  writes.Put(keys::OfRound(keys::kSummary, Id(1)), "\xff\xff");
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  EXPECT_TRUE(absl::IsDataLoss(Archive::Open(store_).status()));
  EXPECT_TRUE(absl::IsDataLoss(archive::ReadSummary(store_, Id(1)).status()));
}

}  // namespace
}  // namespace decentd
