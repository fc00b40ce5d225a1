// What a client that watches a round is told: all of it, in order, once.
#include "node/runtime/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "node/runtime/archive.h"
#include "node/runtime/keys.h"
#include "storage/mem_store.h"

namespace decentd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const RoundId kRound{Sha256("round")};

RoundEvent Event(uint64_t seq, RoundEvent::Type type = RoundEvent::Type::kPhaseStarted) {
  RoundEvent event;
  event.seq = seq;
  event.type = type;
  return event;
}

class BoardTest : public ::testing::Test {
 protected:
  MemStore store_;
  Board board_{store_};
  std::vector<uint64_t> seen_;

  std::unique_ptr<Subscription> Watch(uint64_t after) {
    auto watch =
        board_.Watch(kRound, after, [this](const RoundEvent& e) { seen_.push_back(e.seq); });
    EXPECT_TRUE(watch.ok()) << watch.status();
    return watch.ok() ? *std::move(watch) : nullptr;
  }
};

TEST_F(BoardTest, AWatcherGetsThePastAndThenWhatHappens) {
  board_.Publish(kRound, Event(1));
  board_.Publish(kRound, Event(2));
  const auto watch = Watch(0);
  EXPECT_THAT(seen_, ElementsAre(1, 2));
  board_.Publish(kRound, Event(3));
  board_.Publish(RoundId{Sha256("other")}, Event(1));
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3));
}

TEST_F(BoardTest, AWatcherThatComesBackGetsWhatItHasNotSeen) {
  for (uint64_t seq = 1; seq <= 4; ++seq) board_.Publish(kRound, Event(seq));
  const auto watch = Watch(2);
  EXPECT_THAT(seen_, ElementsAre(3, 4));
}

// A restart publishes the replayed events once more.
TEST_F(BoardTest, WhatIsPublishedTwiceIsToldOnce) {
  const auto publish = [&] {
    for (uint64_t seq = 1; seq <= 2; ++seq) board_.Publish(kRound, Event(seq));
  };
  publish();
  const auto watch = Watch(0);
  publish();
  EXPECT_THAT(seen_, ElementsAre(1, 2));
}

TEST_F(BoardTest, NothingIsToldAfterTheSubscriptionIsGone) {
  board_.Publish(kRound, Event(1));
  Watch(0).reset();
  board_.Publish(kRound, Event(2));
  EXPECT_THAT(seen_, ElementsAre(1));
}

TEST_F(BoardTest, ACallbackMayEndItsOwnSubscription) {
  board_.Publish(kRound, Event(1));
  std::unique_ptr<Subscription> watch;
  auto made = board_.Watch(kRound, 1, [&](const RoundEvent& e) {
    seen_.push_back(e.seq);
    watch.reset();
  });
  ASSERT_TRUE(made.ok());
  watch = *std::move(made);
  board_.Publish(kRound, Event(2));
  board_.Publish(kRound, Event(3));
  EXPECT_THAT(seen_, ElementsAre(2));
}

TEST_F(BoardTest, ARoundNobodyHeardOfIsNotFound) {
  const auto watch = board_.Watch(kRound, 0, [](const RoundEvent&) {});
  EXPECT_TRUE(absl::IsNotFound(watch.status()));
}

TEST_F(BoardTest, AFinishedRoundIsToldFromTheStore) {
  store::v1::RoundSummary summary;
  for (uint64_t seq = 1; seq <= 3; ++seq) {
    auto* event = summary.add_events();
    event->set_seq(seq);
    event->set_type(static_cast<uint32_t>(RoundEvent::Type::kCertified));
    event->set_node(2);
  }
  WriteBatch writes;
  writes.Put(keys::OfRound(keys::kSummary, kRound), summary.SerializeAsString());
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  const auto watch = Watch(1);
  EXPECT_THAT(seen_, ElementsAre(2, 3));
}

TEST_F(BoardTest, ARoundThatIsGivenUpEndsForItsWatchersAndIsRefusedLater) {
  board_.Publish(kRound, Event(1));
  const auto watch = Watch(0);
  WriteBatch writes;
  writes.Put(keys::OfRound(keys::kTombstone, kRound), keys::BigEndian(500));
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  board_.Publish(kRound, Event(2, RoundEvent::Type::kGivenUp));
  EXPECT_THAT(seen_, ElementsAre(1, 2));
  const auto late = board_.Watch(kRound, 0, [](const RoundEvent&) {});
  EXPECT_TRUE(absl::IsFailedPrecondition(late.status())) << late.status();
  // A record that is taken over after all is told from its own first event.
  board_.Publish(kRound, Event(1, RoundEvent::Type::kDecided));
  const auto again = Watch(0);
  EXPECT_THAT(seen_, ElementsAre(1, 2, 1));
}

TEST_F(BoardTest, ARoundWhoseRecordWasDiscardedIsNotToldToBeUndecided) {
  WriteBatch writes;
  writes.Put(keys::OfRound(keys::kTombstone, kRound), keys::BigEndian(500) + '\x01');
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  const auto watch = board_.Watch(kRound, 0, [](const RoundEvent&) {});
  EXPECT_TRUE(absl::IsNotFound(watch.status())) << watch.status();
  EXPECT_THAT(watch.status().message(), ::testing::HasSubstr("no longer keeps"));
}

TEST_F(BoardTest, AWatchedRoundIsKeptThoughManyOthersFinish) {
  board_.Publish(kRound, Event(1, RoundEvent::Type::kCertified));
  const auto watch = Watch(0);
  for (int i = 0; i < 1000; ++i) {
    board_.Publish(RoundId{Sha256(std::to_string(i))}, Event(1, RoundEvent::Type::kCertified));
  }
  const auto again = Watch(0);
  EXPECT_THAT(seen_, ElementsAre(1, 1));
  // One that nobody watches and the store does not have is gone from memory.
  const RoundId first{Sha256("0")};
  EXPECT_FALSE(board_.Watch(first, 0, [](const RoundEvent&) {}).ok());
}

TEST_F(BoardTest, WatchersOnOtherThreadsMissAndRepeatNothing) {
  constexpr uint64_t kEvents = 2000;
  std::vector<std::vector<uint64_t>> seen(4);
  board_.Publish(kRound, Event(1));
  std::thread publisher([&] {
    for (uint64_t seq = 2; seq <= kEvents; ++seq) board_.Publish(kRound, Event(seq));
  });
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<Subscription>> watches(seen.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      auto watch =
          board_.Watch(kRound, 0, [&seen, i](const RoundEvent& e) { seen[i].push_back(e.seq); });
      if (watch.ok()) watches[i] = *std::move(watch);
    });
  }
  publisher.join();
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : seen) {
    ASSERT_EQ(one.size(), kEvents);
    for (uint64_t seq = 1; seq <= kEvents; ++seq) ASSERT_EQ(one[seq - 1], seq);
  }
}

}  // namespace
}  // namespace decentd
