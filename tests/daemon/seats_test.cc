// The rosters that one node has adopted, docs/SPEC.md, sections 1 and 11. Councils of one node.
#include "node/daemon/seats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <condition_variable>
#include <future>
#include <thread>

#include "crypto/ed25519_signer.h"
#include "node/runtime/archive.h"
#include "node/runtime/keys.h"
#include "storage/mem_store.h"
#include "tests/runtime/patiently.h"

namespace decentd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

// What Seats needs of a disk beside its bytes.
class FormatOnly final : public DiskStore {
 public:
  int raised = 0;
  absl::Status RaiseFormat() override {
    ++raised;
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> CopyTo(const std::string&, const WriteBatch&) override { return 0; }
  absl::Status Compact() override { return absl::OkStatus(); }
  absl::Status CheckFiles() override { return absl::OkStatus(); }
  absl::Status WriteSynced(const WriteBatch&) override { return absl::OkStatus(); }
  absl::StatusOr<std::string> Get(std::string_view) const override {
    return absl::NotFoundError("");
  }
  absl::Status Scan(std::string_view, std::string_view, bool,
                    const std::function<bool(std::string_view, std::string_view)>&) const override {
    return absl::OkStatus();
  }
  uint64_t ApproximateBytes() const override { return 0; }
};

class NoModels final : public Models {
 public:
  void Answer(AnswerRequest, AnswerDone) override {}
  void Judge(JudgeRequest, JudgeDone) override {}
  void PrepareJudge(JudgeRequest) override {}
  void Cancel(const RoundId&) override {}
};

class SeatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = PeerServer::Start({"127.0.0.1:0", *MakeTlsIdentity(*identity_), logger_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    environment_.emplace(SeatEnvironment{config_, *identity_, *MakeTlsIdentity(*identity_), 1,
                                         "test", *server_, disk_, store_, models_, metrics_,
                                         logger_, nullptr, nullptr});
  }
  void TearDown() override {
    watch_.reset();
    seats_.reset();
  }

  Roster MakeRoster(uint32_t epoch, const std::string& address = "127.0.0.1:1",
                    uint64_t longest_lifetime_ms = 3'600'000) const {
    RosterNode node;
    node.name = "alice";
    node.key = identity_->public_key();
    node.addresses = {address};
    RosterParameters parameters;
    parameters.criteria = PaperCriteria();
    parameters.longest_lifetime_ms = longest_lifetime_ms;
    return Roster(epoch, {node}, parameters);
  }
  absl::Status Open(const Roster& configured) {
    watch_.reset();
    seats_.reset();
    auto opened = Seats::Open(*environment_, configured);
    if (!opened.ok()) return opened.status();
    seats_ = *std::move(opened);
    watch_ = seats_->WatchVoting([this](bool votes) {
      std::lock_guard lock(mutex_);
      votes_ = votes;
      changed_.notify_all();
    });
    return absl::OkStatus();
  }
  bool WaitVoting(bool wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return votes_ == wanted; });
  }
  absl::StatusOr<NodeStatus> Status() {
    return testing::Patiently([this] { return seats_->Status(); });
  }
  size_t Rounds() {
    return testing::Patiently([this] { return seats_->ListRounds(10, std::nullopt); }).value().size();
  }
  std::vector<std::string> States() {
    std::vector<std::string> states;
    const std::vector<SeatRecord> records = *seat_table::Read(store_);
    for (const SeatRecord& record : records) {
      states.push_back(std::to_string(record.roster.epoch()) + " " +
                       std::string(SeatStateName(record.state)));
    }
    return states;
  }
  void Put(const std::string& keyspace, std::string_view key, const std::string& value) {
    WriteBatch writes;
    writes.Put(std::string(key), value);
    ASSERT_TRUE(Keyspace(store_, keyspace).WriteSynced(writes).ok());
  }

  const std::unique_ptr<Ed25519Identity> identity_ = NewEd25519Signer();
  const std::shared_ptr<spdlog::logger> logger_ =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>());
  NodeConfig config_;
  FormatOnly disk_;
  MemStore store_;
  NoModels models_;
  Metrics metrics_;
  std::unique_ptr<PeerServer> server_;
  std::optional<SeatEnvironment> environment_;
  std::unique_ptr<Seats> seats_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool votes_ = false;
  std::unique_ptr<Subscription> watch_;
};

TEST_F(SeatsTest, TheFirstRosterNeedsNoNewFormatAndTheSecondOneDoes) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(WaitVoting(true));
  EXPECT_EQ(disk_.raised, 0);
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  EXPECT_EQ(disk_.raised, 1);
  EXPECT_THAT(States(), ElementsAre("1 active", "2 active"));
  EXPECT_EQ(seats_->present().epoch(), 1u);
}

TEST_F(SeatsTest, WhatCannotBeAdoptedIsNamed) {
  ASSERT_TRUE(Open(MakeRoster(2)).ok());
  EXPECT_THAT(seats_->Adopt(MakeRoster(1)).status().message(), HasSubstr("is not newer"));
  Roster strangers = [] {
    RosterNode node;
    node.name = "mallory";
    node.key = NewEd25519Signer()->public_key();
    RosterParameters parameters;
    parameters.criteria = PaperCriteria();
    return Roster(3, {node}, parameters);
  }();
  EXPECT_THAT(seats_->Adopt(strangers).status().message(), HasSubstr("is not in roster"));
  ASSERT_TRUE(seats_->Adopt(MakeRoster(3)).ok());
  EXPECT_THAT(seats_->Adopt(MakeRoster(4)).status().message(), HasSubstr("retire the older one"));
  ASSERT_TRUE(seats_->Retire(/*now=*/true, /*anyway=*/true).ok());
  EXPECT_THAT(seats_->Adopt(MakeRoster(2)).status().message(), HasSubstr("was retired here"));
  EXPECT_TRUE(seats_->Adopt(MakeRoster(4)).ok());
  EXPECT_THAT(States(), ElementsAre("2 retired", "3 active", "4 active"));
}

TEST_F(SeatsTest, TheOnlyRosterIsNotRetired) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  EXPECT_THAT(seats_->Retire(true, true).status().message(), HasSubstr("is the only one"));
  EXPECT_THAT(States(), ElementsAre("1 active"));
}

TEST_F(SeatsTest, TheSameRosterAgainBringsItsNewAddresses) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(1, "127.0.0.1:2")).ok());
  const std::vector<SeatRecord> records = *seat_table::Read(store_);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(records[0].roster.nodes()[0].addresses, ElementsAre("127.0.0.1:2"));
}

TEST_F(SeatsTest, NewAddressesOutliveLaterChangesOfTheRostersState) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(1, "127.0.0.1:2")).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  ASSERT_TRUE(seats_->Retire(/*now=*/false, /*anyway=*/true).ok());
  EXPECT_THAT(States(), ElementsAre("1 closing", "2 active"));
  const std::vector<SeatRecord> records = *seat_table::Read(store_);
  EXPECT_THAT(records[0].roster.nodes()[0].addresses, ElementsAre("127.0.0.1:2"));
}

// A crash between two writes would leave both taking questions.
TEST_F(SeatsTest, AReplacedFileIsAdoptedAndTheOneBeforeClosedInOneWrite) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  std::vector<int> seats_in_a_write;
  store_.SetWriteHook([&](const WriteBatch& batch) {
    int seats = 0;
    for (const auto& operation : batch.operations()) {
      seats += operation.key.starts_with(keys::kSeat);
    }
    std::lock_guard lock(mutex_);
    if (seats > 0) seats_in_a_write.push_back(seats);
    return absl::OkStatus();
  });
  ASSERT_TRUE(Open(MakeRoster(2)).ok());
  store_.SetWriteHook(nullptr);
  EXPECT_THAT(States(), ElementsAre("1 closing", "2 active"));
  EXPECT_THAT(seats_in_a_write, ElementsAre(2));
}

// That nobody serves the next roster would be another thing, and not true.
TEST_F(SeatsTest, ABusyNodeRetiresNothingAndSaysThatItIsBusy) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(WaitVoting(true));
  std::promise<void> freed;
  const std::shared_future<void> is_free = freed.get_future().share();
  const std::thread::id own = std::this_thread::get_id();
  std::promise<void> writing;
  const auto told = std::make_shared<std::once_flag>();
  store_.SetWriteHook([is_free, own, told, &writing](const WriteBatch&) {
    if (std::this_thread::get_id() == own) return absl::OkStatus();
    std::call_once(*told, [&] { writing.set_value(); });
    is_free.wait();
    return absl::OkStatus();
  });
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  ASSERT_EQ(writing.get_future().wait_for(kPatience), std::future_status::ready);
  const auto refused = seats_->Retire(true, /*anyway=*/false);
  freed.set_value();
  store_.SetWriteHook(nullptr);
  EXPECT_TRUE(absl::IsUnavailable(refused.status())) << refused.status();
  EXPECT_THAT(States(), ElementsAre("1 active", "2 active"));
}

TEST_F(SeatsTest, ARestartFindsBothAndAReplacedFileClosesTheOneBefore) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  EXPECT_THAT(States(), ElementsAre("1 active", "2 active"));
  ASSERT_TRUE(seats_->Retire(true, true).ok());
  ASSERT_TRUE(Open(MakeRoster(3)).ok());
  EXPECT_THAT(States(), ElementsAre("1 retired", "2 closing", "3 active"));
  EXPECT_EQ(seats_->present().epoch(), 3u);
  // A file that was forgotten: the node goes on with what it adopted.
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  EXPECT_EQ(seats_->present().epoch(), 3u);
}

// The key must not vote, whichever roster showed it.
TEST_F(SeatsTest, AHaltUnderOneRosterIsOneUnderAllAndUnderLaterOnes) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  ASSERT_TRUE(WaitVoting(true));
  // As a node leaves it that died before the other seat had heard of it.
  Put(seat_table::KeyspaceOf(1), keys::kHalted, "it forgot");
  bool written = false;
  store_.SetWriteHook([&](const WriteBatch& batch) {
    std::lock_guard lock(mutex_);
    for (const auto& operation : batch.operations()) written |= operation.key == keys::kHalted;
    changed_.notify_all();
    return absl::OkStatus();
  });
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, kPatience, [&] { return written; }));
  }
  EXPECT_THAT(Status().value().not_voting_because, HasSubstr("it forgot"));
  seats_->Stop();  // and with it the write is over
  store_.SetWriteHook(nullptr);
  EXPECT_EQ(store_.Get(keys::kHalted).value_or("none"), "it forgot");

  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(seats_->Retire(true, true).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(3)).ok());
  EXPECT_EQ(Keyspace(store_, seat_table::KeyspaceOf(2)).Get(keys::kHalted).value_or("none"),
            "it forgot");
}

TEST_F(SeatsTest, ALaterRosterBeginsWithTheHighestWatermark) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  Put("", keys::kWatermark, keys::BigEndian(700));
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  EXPECT_EQ(*Keyspace(store_, seat_table::KeyspaceOf(1)).Get(keys::kWatermark),
            keys::BigEndian(700));
}

TEST_F(SeatsTest, AClosingRosterEndsWhenNoRoundOfItCanBeOpen) {
  ASSERT_TRUE(Open(MakeRoster(1, "127.0.0.1:1", /*longest_lifetime_ms=*/1)).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  seats_->Maintain();
  EXPECT_THAT(States(), ElementsAre("1 active", "2 active"));
  ASSERT_TRUE(seats_->Retire(/*now=*/false, /*anyway=*/true).ok());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (States().front() != "1 retired" && std::chrono::steady_clock::now() < deadline) {
    seats_->Maintain();
  }
  EXPECT_THAT(States(), ElementsAre("1 retired", "2 active"));

  // One whose rounds may live for an hour does not end yet.
  ASSERT_TRUE(seats_->Adopt(MakeRoster(3)).ok());
  ASSERT_TRUE(seats_->Retire(false, true).ok());
  seats_->Maintain();
  EXPECT_THAT(States(), ElementsAre("1 retired", "2 closing", "3 active"));
}

TEST_F(SeatsTest, OldRoundsOfARetiredRosterAreDiscardedAsOthersAre) {
  config_.retention.rounds = 1;
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  ASSERT_TRUE(seats_->Retire(true, true).ok());
  auto archive = Archive::Open(store_);
  ASSERT_TRUE(archive.ok());
  WriteBatch writes;
  for (int i = 1; i <= 3; ++i) {
    store::v1::RoundSummary summary;
    summary.set_finished_unix_ms(i);
    archive->AddRecord(RoundId{Sha256(std::to_string(i))}, summary, /*expiry_unix_ms=*/i, "bundle",
                       &writes);
  }
  ASSERT_TRUE(store_.WriteSynced(writes).ok());
  EXPECT_EQ(Rounds(), 3u);
  seats_->Maintain();
  EXPECT_EQ(Rounds(), 1u);
}

TEST_F(SeatsTest, AFullDiskAdoptsAndRetiresNothing) {
  ASSERT_TRUE(Open(MakeRoster(1)).ok());
  ASSERT_TRUE(WaitVoting(true));
  store_.SetWriteHook([](const WriteBatch&) { return absl::ResourceExhaustedError("full"); });
  EXPECT_TRUE(absl::IsResourceExhausted(seats_->Adopt(MakeRoster(2)).status()));
  EXPECT_EQ(Status().value().rosters.size(), 1u);
  store_.SetWriteHook(nullptr);
  ASSERT_TRUE(seats_->Adopt(MakeRoster(2)).ok());
  store_.SetWriteHook([](const WriteBatch&) { return absl::ResourceExhaustedError("full"); });
  EXPECT_TRUE(absl::IsResourceExhausted(seats_->Retire(true, true).status()));
  EXPECT_TRUE(Status().ok());
  store_.SetWriteHook(nullptr);
  EXPECT_TRUE(seats_->Retire(true, true).ok());
  EXPECT_THAT(States(), ElementsAre("1 retired", "2 active"));
}

}  // namespace
}  // namespace decentd
