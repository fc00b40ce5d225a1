// Which record is asked of whom, docs/SPEC.md, section 10.
#include "node/runtime/record_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/codec/test_cluster.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Ask = RecordFetch::Ask;

NodeIndex At(int i) { return NodeIndex{static_cast<uint16_t>(i)}; }
RoundId Id(int i) { return TestRound(std::to_string(i)); }

class RecordFetchTest : public ::testing::Test {
 protected:
  const TestCluster cluster_{7};  // f = 2
  RecordFetch fetch_{cluster_.roster()};
  int64_t now_ms_ = 1'000;

  void Name(int peer, int round, bool urgent = false) {
    fetch_.OnNamed(At(peer), Id(round), urgent);
  }
  std::vector<Ask> Due() { return fetch_.Due(now_ms_); }
};

TEST_F(RecordFetchTest, APeerIsAskedForOneRecordAtATimeInTheOrderItNamesThem) {
  for (int round : {1, 2, 3}) Name(5, round);
  EXPECT_THAT(Due(), ElementsAre(Ask{At(5), Id(1)}));
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_TRUE(fetch_.Forget(Id(1)));
  EXPECT_FALSE(fetch_.Forget(Id(2))) << "nobody was asked for it";
  EXPECT_THAT(Due(), ElementsAre(Ask{At(5), Id(3)}));
}

TEST_F(RecordFetchTest, ARecordIsAskedOfFPlusOnePeersAtATime) {
  for (int peer = 1; peer < 7; ++peer) Name(peer, 1);
  Name(4, 2);
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(1)}, Ask{At(2), Id(1)}, Ask{At(3), Id(1)},
                                 Ask{At(4), Id(2)}))
      << "the others are free for other records";
}

TEST_F(RecordFetchTest, EveryPeerThatNamesARecordIsAskedBeforeOneIsAskedTwice) {
  for (int peer = 1; peer < 7; ++peer) Name(peer, 1);
  Due();
  now_ms_ += RecordFetch::kGiveUpMs - 1;
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(fetch_.NextDueMs(now_ms_), now_ms_ + 1);
  ++now_ms_;
  EXPECT_THAT(Due(), ElementsAre(Ask{At(4), Id(1)}, Ask{At(5), Id(1)}, Ask{At(6), Id(1)}));
  now_ms_ += RecordFetch::kGiveUpMs;
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(1)}, Ask{At(2), Id(1)}, Ask{At(3), Id(1)}));
}

TEST_F(RecordFetchTest, ASilentPeerDoesNotKeepItsOtherRecordsBack) {
  Name(1, 1);
  Name(1, 2);
  Due();
  now_ms_ += RecordFetch::kGiveUpMs;
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(2)}));
}

TEST_F(RecordFetchTest, EachPartIsAskedForAndGivesThePeerItsTimeAgain) {
  Name(1, 1);
  Due();
  now_ms_ += RecordFetch::kGiveUpMs - 1;
  fetch_.OnPart(At(1), Id(2));
  EXPECT_THAT(Due(), IsEmpty()) << "not what it was asked for";
  fetch_.OnPart(At(1), Id(1));
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(1)}));
  EXPECT_EQ(fetch_.NextDueMs(now_ms_), now_ms_ + RecordFetch::kGiveUpMs);
}

TEST_F(RecordFetchTest, WhoSentARecordThatDoesNotVerifyIsNotAskedForAWhile) {
  Name(1, 1);
  Name(1, 2);
  Due();
  fetch_.OnInvalid(At(1), now_ms_);
  Name(1, 1, /*urgent=*/true);
  EXPECT_THAT(Due(), IsEmpty());
  fetch_.OnLinkDown(At(1));
  Name(1, 3);
  EXPECT_THAT(Due(), IsEmpty()) << "a new link is no way out";
  EXPECT_EQ(fetch_.NextDueMs(now_ms_), now_ms_ + RecordFetch::kMistrustMs);
  now_ms_ += RecordFetch::kMistrustMs;
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(3)}));
}

TEST_F(RecordFetchTest, WhatSomebodyWaitsForComesFirst) {
  for (int round : {1, 2, 3}) Name(1, round);
  Name(1, 4, true);
  Name(1, 3, true);
  Name(1, 3);
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(4)}));
  fetch_.Forget(Id(4));
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(3)}));
  fetch_.Forget(Id(3));
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(1)}));
}

TEST_F(RecordFetchTest, WhatAPeerNamesIsBoundedAndGoneWithItsLink) {
  for (int round = 0; round < static_cast<int>(RecordFetch::kMaxNamed); ++round) Name(1, round);
  Name(1, 5'000);
  Name(1, 6'000, true);
  EXPECT_THAT(Due(), ElementsAre(Ask{At(1), Id(6'000)}));
  int asked = 0;
  for (std::vector<Ask> asks = Due(); asked < 5'000; asks = Due()) {
    if (asks.empty()) {
      now_ms_ += RecordFetch::kGiveUpMs;
      if (asked == static_cast<int>(RecordFetch::kMaxNamed)) break;
      continue;
    }
    EXPECT_NE(asks[0].round, Id(5'000));
    ++asked;
  }
  EXPECT_EQ(asked, static_cast<int>(RecordFetch::kMaxNamed));
  fetch_.OnLinkDown(At(1));
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_FALSE(fetch_.NextDueMs(now_ms_));
}

}  // namespace
}  // namespace decentd::testing
