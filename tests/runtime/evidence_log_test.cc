// Evidence is kept within a bound for each author (docs/SPEC.md, section 12).
#include "node/runtime/evidence_log.h"

#include <gtest/gtest.h>

#include "node/codec/record_codec.h"
#include "node/core/limits.h"
#include "node/runtime/keys.h"
#include "storage/mem_store.h"

namespace decentd {
namespace {

class EvidenceLogTest : public ::testing::Test {
 protected:
  static constexpr int kMost = static_cast<int>(limits::kMaxEvidenceHeldPerAuthor);

  void Add(uint16_t author, int round, int64_t now) {
    const auto envelope = [&](const char* body) {
      return std::make_shared<const Envelope>(
          Envelope{Kind::kVotes, author, body, std::string(64, 's')});
    };
    WriteBatch writes;
    log_.Add({Evidence::Type::kVotes, NodeIndex{author}, envelope("one"), envelope("other")},
             RoundId{Sha256(std::to_string(round))}, now, &writes);
    ASSERT_TRUE(store_.WriteSynced(writes).ok());
  }
  // When each of an author's was found, as the store has it.
  std::set<int64_t> Stored(uint16_t author) const {
    std::set<int64_t> times;
    const absl::Status status = store_.Scan(
        keys::kEvidence, PrefixEnd(keys::kEvidence), false,
        [&](std::string_view, std::string_view value) {
          const auto record = DecodeEvidence(value);
          if (record->evidence.author.value == author) times.insert(record->unix_ms);
          return true;
        });
    EXPECT_TRUE(status.ok());
    return times;
  }

  MemStore store_;
  EvidenceLog log_ = *EvidenceLog::Open(store_);
};

TEST_F(EvidenceLogTest, OfOneAuthorTheLatestAreKeptHoweverManyRoundsItLiesIn) {
  for (int i = 1; i <= 3 * kMost; ++i) Add(3, i, i);
  const std::set<int64_t> stored = Stored(3);
  EXPECT_EQ(stored.size(), limits::kMaxEvidenceHeldPerAuthor);
  EXPECT_EQ(*stored.begin(), 2 * kMost + 1);
  EXPECT_EQ(*stored.rbegin(), 3 * kMost);
  EXPECT_EQ(log_.size(), limits::kMaxEvidenceHeldPerAuthor);
}

TEST_F(EvidenceLogTest, OneAuthorsLiesCostAnotherNoEvidence) {
  Add(2, 0, 1);
  for (int i = 1; i <= 2 * kMost; ++i) Add(3, i, i);
  EXPECT_EQ(Stored(2).size(), 1u);
  EXPECT_EQ(log_.size(), limits::kMaxEvidenceHeldPerAuthor + 1);
}

TEST_F(EvidenceLogTest, TheBoundHoldsOverARestart) {
  for (int i = 1; i <= kMost; ++i) Add(3, i, i);
  log_ = *EvidenceLog::Open(store_);
  EXPECT_EQ(log_.size(), limits::kMaxEvidenceHeldPerAuthor);
  Add(3, 1'000, 1'000);
  const std::set<int64_t> stored = Stored(3);
  EXPECT_EQ(stored.size(), limits::kMaxEvidenceHeldPerAuthor);
  EXPECT_EQ(*stored.begin(), 2);
}

TEST_F(EvidenceLogTest, WhatDoesNotParseIsDataLoss) {
  WriteBatch writes;
  writes.Put(std::string(keys::kEvidence) + std::string(32, 'd'), "no evidence");
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  EXPECT_TRUE(absl::IsDataLoss(EvidenceLog::Open(store_).status()));
}

}  // namespace
}  // namespace decentd
