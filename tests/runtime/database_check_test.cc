// What an operator is told of a node's database.
#include "node/runtime/database_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/runtime/binding.h"
#include "node/runtime/keys.h"
#include "tests/runtime/world.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DatabaseCheckTest : public ::testing::Test {
 protected:
  // One finished round and one that is open at node 0.
  void SetUp() override {
    world_.Run(100);
    finished_ = world_.Submit(0, "Is it sound?");
    ASSERT_TRUE(world_.RunUntil([&] { return world_.AllHaveRecord(finished_); }, 10'000));
    world_.answer = [](int, const AnswerRequest&) -> std::optional<Payload> {
      return std::nullopt;
    };
    world_.Submit(0, "Is this open?");
    world_.Run(100);
  }
  MemStore& store() { return *world_.node(0).store; }
  DatabaseReport Check() { return *CheckDatabase(store(), world_.roster()); }
  // Flips a bit in the middle of the first value with this prefix.
  void Damage(std::string_view prefix) {
    std::string key, value;
    ASSERT_TRUE(store()
                    .Scan(prefix, PrefixEnd(prefix), false,
                          [&](std::string_view k, std::string_view v) {
                            key = k;
                            value = v;
                            return false;
                          })
                    .ok());
    ASSERT_FALSE(value.empty());
    value[value.size() / 2] ^= 1;
    WriteBatch batch;
    batch.Put(key, value);
    ASSERT_TRUE(store().WriteSynced(batch).ok());
  }

  World world_{{.n = 4}};
  RoundId finished_;
};

TEST_F(DatabaseCheckTest, CountsWhatIsSound) {
  const DatabaseReport report = Check();
  EXPECT_EQ(report.rounds, 1u);
  EXPECT_EQ(report.open_rounds, 1u);
  EXPECT_EQ(report.evidence, 0u);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.not_a_nodes, "");
}

TEST_F(DatabaseCheckTest, ADamagedProofIsNamedWithItsRound) {
  Damage(keys::kBundle);
  const DatabaseReport report = Check();
  EXPECT_EQ(report.rounds, 0u);
  EXPECT_THAT(report.problems, ElementsAre(HasSubstr("round " + finished_.Hex())));
}

TEST_F(DatabaseCheckTest, ADamagedJournalIsNamedOnce) {
  Damage(keys::kJournal);
  const DatabaseReport report = Check();
  EXPECT_EQ(report.open_rounds, 0u);
  EXPECT_THAT(report.problems, ElementsAre(HasSubstr("the journal of open round")));
}

TEST_F(DatabaseCheckTest, ACopyAndAHaltAreTold) {
  ASSERT_TRUE(store().WriteSynced(CopyMark(1'700'000'000'000)).ok());
  WriteBatch halt;
  halt.Put(std::string(keys::kHalted), "it met what it does not remember");
  ASSERT_TRUE(store().WriteSynced(halt).ok());
  const DatabaseReport report = Check();
  EXPECT_THAT(report.not_a_nodes, HasSubstr("is a copy"));
  EXPECT_EQ(report.halted, "it met what it does not remember");
}

}  // namespace
}  // namespace decentd::testing
