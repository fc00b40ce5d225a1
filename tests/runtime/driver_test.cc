// The threads around a replica: what clients and the disk bring about, without peers.
#include "node/runtime/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "node/runtime/keys.h"
#include "storage/mem_store.h"
#include "tests/core/signed.h"
#include "tests/runtime/patiently.h"

namespace decentd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

// Far beyond what anything takes: a test that waits this long has failed.
constexpr std::chrono::seconds kPatience{60};

class NoLinks final : public Links {
 public:
  void Send(NodeIndex, FramePtr) override {}
  void Broadcast(FramePtr) override {}
  std::vector<PeerState> States() const override { return {}; }
  void CountFault(NodeIndex) override {}
};

// The last value of something that other threads set.
template <class T>
class Latest {
 public:
  void Set(T value) {
    std::lock_guard lock(mutex_);
    value_ = std::move(value);
    changed_.notify_all();
  }
  bool WaitFor(const std::function<bool(const T&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return value_ && condition(*value_); });
  }
  std::optional<T> value() {
    std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<T> value_;
};

// Answers when the test does, or never.
class NoModels final : public Models {
 public:
  Latest<AnswerDone> asked;
  void Answer(AnswerRequest, AnswerDone done) override { asked.Set(std::move(done)); }
  void Judge(JudgeRequest, JudgeDone) override {}
  void PrepareJudge(JudgeRequest) override {}
  void Cancel(const RoundId&) override {}
};

class DriverTest : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  const SignedCluster signed_{4};
  MemStore store_;
  NoLinks links_;
  NoModels models_;
  Latest<bool> voting_;
  Latest<Lines> log_;  // only the driver's thread writes to it
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Subscription> watch_;
  Latest<bool> stuck_;
  std::promise<void> released_;

  void Start() {
    driver_ = std::make_unique<Driver>(signed_.verifier, store_, models_, "test",
                                       [this](Driver::Severity, const LogFields&,
                                              const std::string& line) {
                                         auto lines = log_.value().value_or(Lines());
                                         lines.push_back(line);
                                         log_.Set(std::move(lines));
                                       });
    watch_ = driver_->WatchVoting([this](bool voting) { voting_.Set(voting); });
    EXPECT_EQ(voting_.value(), false) << "nothing is known before the start";
    Output first;
    auto replica = Replica::Recover(signed_.roster(), {.self = At(0), .retention = {}},
                                    signed_.cluster.signer(0), signed_.verifier, store_,
                                    Driver::Clock(), &first);
    ASSERT_TRUE(replica.ok()) << replica.status();
    driver_->Start(*std::move(replica), std::move(first), links_);
  }
  void TearDown() override {
    watch_ = nullptr;
    if (driver_) driver_->Stop();
  }
  absl::StatusOr<NodeStatus> Status() {
    return Patiently([this] { return driver_->Status(); });
  }
  bool WaitVoting(bool wanted) {
    return voting_.WaitFor([&](bool voting) { return voting == wanted; });
  }
  // Until BeFreed the driver's thread writes, and answers nothing.
  void BeStuckInAWrite() {
    released_ = std::promise<void>();
    store_.SetWriteHook([this, done = released_.get_future().share()](const WriteBatch&) {
      stuck_.Set(true);
      done.wait();
      return absl::OkStatus();
    });
    driver_->Submit(MakeQuery(1), [](const absl::StatusOr<RoundId>&) {});
    ASSERT_TRUE(stuck_.WaitFor([](bool is) { return is; }));
  }
  void BeFreed() {
    store_.SetWriteHook(nullptr);
    released_.set_value();
  }
  Verified<Query> MakeQuery(int number) const {
    return signed_.MakeQuery(number, Driver::Clock().unix_ms + 60'000);
  }
};

TEST_F(DriverTest, ANodeThatStartsIsSaidToVoteOnceItsStartIsDurable) {
  Start();
  EXPECT_TRUE(WaitVoting(true));
  EXPECT_TRUE(Status().value().voting);
}

TEST_F(DriverTest, AFullDiskIsToldAndItsEndToo) {
  Start();
  ASSERT_TRUE(WaitVoting(true));
  store_.SetWriteHook(
      [](const WriteBatch&) { return absl::ResourceExhaustedError("no space left"); });
  driver_->Submit(MakeQuery(1), [](const absl::StatusOr<RoundId>&) {});
  EXPECT_TRUE(WaitVoting(false));
  const auto status = Status();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_FALSE(status->voting);
  EXPECT_THAT(status->not_voting_because, HasSubstr("no space left"));
  store_.SetWriteHook(nullptr);
  EXPECT_TRUE(WaitVoting(true));
  EXPECT_TRUE(Status().value().voting);
}

// It is tried again and again, and the log has a line for each thing that an operator has to know.
TEST_F(DriverTest, AFullDiskThatTurnsOutToBeBrokenIsToldAsBoth) {
  Start();
  ASSERT_TRUE(WaitVoting(true));
  const auto tries = std::make_shared<std::atomic<int>>(0);
  store_.SetWriteHook([tries](const WriteBatch&) {
    return ++*tries <= 2 ? absl::ResourceExhaustedError("no space left")
                         : absl::DataLossError("nothing more is written");
  });
  driver_->Submit(MakeQuery(1), [](const absl::StatusOr<RoundId>&) {});
  ASSERT_TRUE(log_.WaitFor([](const Lines& lines) { return lines.size() >= 2; }));
  EXPECT_THAT(*log_.value(),
              ElementsAre(HasSubstr("no space left"), HasSubstr("nothing more is written")));
}

// Section 11: nothing that a batch caused is done before its write is durable.
TEST_F(DriverTest, AQuestionIsTakenOnlyOnceItIsDurable) {
  Start();
  ASSERT_TRUE(WaitVoting(true));
  store_.SetWriteHook(
      [](const WriteBatch&) { return absl::ResourceExhaustedError("no space left"); });
  Latest<absl::StatusOr<RoundId>> result;
  driver_->Submit(MakeQuery(1), [&](absl::StatusOr<RoundId> r) { result.Set(std::move(r)); });
  ASSERT_TRUE(WaitVoting(false)) << "it is on its way to the disk";
  ASSERT_TRUE(Status().ok()) << "and the thread answers meanwhile";
  EXPECT_FALSE(result.value());
  store_.SetWriteHook(nullptr);
  ASSERT_TRUE(result.WaitFor([](const auto&) { return true; }));
  EXPECT_TRUE(result.value()->ok()) << result.value()->status();
}

TEST_F(DriverTest, WhatIsOverIsToldHoweverBusyTheNode) {
  const RoundId given_up{Sha256("given up")}, other{Sha256("other")};
  WriteBatch writes;
  writes.Put(keys::OfRound(keys::kTombstone, given_up), keys::BigEndian(500));
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  Start();
  ASSERT_TRUE(WaitVoting(true));
  BeStuckInAWrite();
  const auto over = driver_->GetRound(given_up);
  const auto unknown = driver_->GetRound(other);
  BeFreed();
  ASSERT_TRUE(over.ok()) << over.status();
  EXPECT_EQ(over->state, RoundSummary::State::kUndecided);
  EXPECT_TRUE(absl::IsUnavailable(unknown.status())) << unknown.status();  // it may be open
}

TEST_F(DriverTest, ABusyNodeGivesNoListWithoutItsOpenRounds) {
  Start();
  ASSERT_TRUE(WaitVoting(true));
  BeStuckInAWrite();
  const auto busy = driver_->ListRounds(10, std::nullopt);
  BeFreed();
  EXPECT_TRUE(absl::IsUnavailable(busy.status())) << busy.status();
  const auto free = Patiently([&] { return driver_->ListRounds(10, std::nullopt); });
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_EQ(free->size(), 1u);
}

TEST_F(DriverTest, ABusyNodeTellsTheFaultsThatItToldLast) {
  Start();
  ASSERT_TRUE(WaitVoting(true));
  driver_->OnFrame(At(1), peer::v1::Frame());
  FaultCounts told;
  const auto patient_until = std::chrono::steady_clock::now() + kPatience;
  while (told.empty() && std::chrono::steady_clock::now() < patient_until) told = driver_->Faults();
  EXPECT_THAT(told, ElementsAre(Pair(At(1), SizeIs(1))));
  BeStuckInAWrite();
  EXPECT_EQ(driver_->Faults(), told);
  BeFreed();
}

TEST_F(DriverTest, HowARoundEndedHereIsToldWithoutItsRecord) {
  const RoundId given_up{Sha256("given up")}, discarded{Sha256("discarded")}, other{Sha256("other")};
  WriteBatch writes;
  writes.Put(keys::OfRound(keys::kTombstone, given_up), keys::BigEndian(500));
  writes.Put(keys::OfRound(keys::kTombstone, discarded), keys::BigEndian(500) + '\x01');
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  Start();
  ASSERT_TRUE(WaitVoting(true));
  const auto get = [&](const RoundId& round) {
    return Patiently([&] { return driver_->GetRound(round); });
  };
  const auto get_bundle = [&](const RoundId& round) {
    return Patiently([&] { return driver_->GetBundle(round); });
  };
  const auto undecided = get(given_up);
  ASSERT_TRUE(undecided.ok()) << undecided.status();
  EXPECT_EQ(undecided->state, RoundSummary::State::kUndecided);
  for (const absl::Status& status :
       {get(discarded).status(), get_bundle(discarded).status()}) {
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("no longer keeps"));
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(get_bundle(given_up).status()));
  EXPECT_THAT(get(other).status().message(), HasSubstr("has not heard"));
  EXPECT_THAT(get_bundle(other).status().message(), HasSubstr("no certified decision"));
}

// A roster's driver goes when the roster is retired, and its models go on.
TEST_F(DriverTest, AModelMayAnswerAfterTheDriverHasGone) {
  Start();
  ASSERT_TRUE(WaitVoting(true));
  driver_->Submit(MakeQuery(1), [](absl::StatusOr<RoundId>) {});
  ASSERT_TRUE(models_.asked.WaitFor([](const auto&) { return true; }));
  driver_->End("the roster is retired");
  watch_.reset();
  driver_.reset();
  (*models_.asked.value())(Abstain{});
}

TEST_F(DriverTest, AHaltedNodeIsNeverSaidToVote) {
  WriteBatch writes;
  writes.Put(std::string(keys::kHalted), "votes signed by this node that it does not know");
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  Start();
  Latest<absl::StatusOr<RoundId>> result;
  driver_->Submit(MakeQuery(1), [&](absl::StatusOr<RoundId> r) { result.Set(std::move(r)); });
  ASSERT_TRUE(result.WaitFor([](const auto&) { return true; }));
  EXPECT_TRUE(absl::IsFailedPrecondition(result.value()->status()));
  EXPECT_EQ(voting_.value(), false);
}

}  // namespace
}  // namespace decentd::testing
