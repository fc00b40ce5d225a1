// Watching a round through a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/api/api_fixture.h"

namespace decentd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Type = RoundEvent::Type;

class WatchTest : public ApiTest {
 protected:
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<client::v1::RoundEvent>> reader;

    // The numbers of all events until the stream ends.
    std::vector<uint64_t> Rest(grpc::Status* status) {
      std::vector<uint64_t> seqs;
      client::v1::RoundEvent event;
      while (reader->Read(&event)) seqs.push_back(event.seq());
      *status = reader->Finish();
      return seqs;
    }
  };
  std::unique_ptr<Stream> Watch(const RoundId& round, uint64_t after_seq = 0) {
    auto stream = std::make_unique<Stream>();
    client::v1::WatchRequest request;
    request.set_round_id(std::string(round.digest.View()));
    request.set_after_seq(after_seq);
    stream->reader = stub->Watch(&stream->context, request);
    return stream;
  }
  void Publish(const RoundId& round, Type type, std::string detail = "") {
    RoundEvent event;
    event.type = type;
    event.detail = std::move(detail);
    council.Publish(round, event);
  }
};

TEST_F(WatchTest, PastAndFutureEventsArriveInOrderAndTheStreamEndsWhenCertified) {
  Serve();
  const RoundId round = Ask("why?");
  Publish(round, Type::kAdmitted);
  Publish(round, Type::kPhaseStarted);
  const auto stream = Watch(round);
  council.WaitForWatchers(round, 1);
  Publish(round, Type::kDecided);
  Publish(round, Type::kCertified);
  grpc::Status status;
  EXPECT_THAT(stream->Rest(&status), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(status.ok()) << status.error_message();
  council.WaitForWatchers(round, 0);
}

TEST_F(WatchTest, AWatcherResumesBehindItsLastEvent) {
  Serve();
  const RoundId round = Ask("why?");
  for (Type type : {Type::kAdmitted, Type::kPhaseStarted, Type::kDecided, Type::kCertified}) {
    Publish(round, type);
  }
  grpc::Status status;
  EXPECT_THAT(Watch(round, 2)->Rest(&status), ElementsAre(3, 4));
  EXPECT_TRUE(status.ok());
}

TEST_F(WatchTest, AWatcherThatHasTheLastEventIsToldThatItWasTheLast) {
  Serve();
  const RoundId round = Ask("why?");
  Publish(round, Type::kDecided);
  Publish(round, Type::kCertified);
  grpc::Status status;
  EXPECT_THAT(Watch(round, 2)->Rest(&status), ElementsAre());
  EXPECT_TRUE(status.ok());
}

TEST_F(WatchTest, TheStreamEndsWhenTheRoundIsGivenUpUndecided) {
  Serve();
  const RoundId round = Ask("why?");
  Publish(round, Type::kAdmitted);
  const auto stream = Watch(round);
  council.WaitForWatchers(round, 1);
  Publish(round, Type::kGivenUp, "answers of bob");
  client::v1::RoundEvent event;
  ASSERT_TRUE(stream->reader->Read(&event));
  ASSERT_TRUE(stream->reader->Read(&event));
  EXPECT_EQ(event.type(), client::v1::RoundEvent::TYPE_GIVEN_UP);
  EXPECT_EQ(event.detail(), "answers of bob");
  EXPECT_FALSE(stream->reader->Read(&event));
  EXPECT_TRUE(stream->reader->Finish().ok());
}

TEST_F(WatchTest, ASlowWatcherIsCutWithTheReasonAndCanResume) {
  ClientServerOptions options;
  options.watch_queue = 4;
  Serve(options);
  const RoundId round = Ask("why?");
  const auto slow = Watch(round);
  council.WaitForWatchers(round, 1);
  constexpr uint64_t kEvents = 300;  // 64 KiB each: far beyond what flow control lets through
  for (uint64_t i = 1; i < kEvents; ++i) {
    Publish(round, Type::kAnswerReceived, std::string(64 * 1024, 'x'));
  }
  Publish(round, Type::kCertified);

  grpc::Status status;
  std::vector<uint64_t> seqs = slow->Rest(&status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_FALSE(seqs.empty());
  ASSERT_LT(seqs.back(), kEvents);
  EXPECT_THAT(status.error_message(),
              HasSubstr("resume with after_seq = " + std::to_string(seqs.back())));
  council.WaitForWatchers(round, 0);

  while (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
    const std::vector<uint64_t> more = Watch(round, seqs.back())->Rest(&status);
    ASSERT_FALSE(more.empty()) << "each try gets on";
    seqs.insert(seqs.end(), more.begin(), more.end());
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(seqs.size(), kEvents);
  for (uint64_t i = 0; i < kEvents; ++i) ASSERT_EQ(seqs[i], i + 1) << "no gap, no repetition";
}

TEST_F(WatchTest, ACancelledWatcherLeavesNothingBehind) {
  Serve();
  const RoundId round = Ask("why?");
  const auto stream = Watch(round);
  council.WaitForWatchers(round, 1);
  stream->context.TryCancel();
  council.WaitForWatchers(round, 0);
  Publish(round, Type::kCertified);  // reaches nobody
  grpc::Status status;
  stream->Rest(&status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, TooManyWatchersAreRefused) {
  ClientServerOptions options;
  options.watchers = 1;
  Serve(options);
  const RoundId round = Ask("why?");
  const auto first = Watch(round);
  council.WaitForWatchers(round, 1);
  grpc::Status status;
  EXPECT_THAT(Watch(round)->Rest(&status), ElementsAre());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  first->context.TryCancel();
}

TEST_F(WatchTest, UnknownAndAbandonedRoundsAreRefusedWithTheirOwnCodes) {
  Serve();
  grpc::Status status;
  Watch(RoundId{Sha256("unknown")})->Rest(&status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const RoundId abandoned{Sha256("abandoned")};
  council.AddRound(abandoned, RoundSummary::State::kUndecided);
  Watch(abandoned)->Rest(&status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(WatchTest, AStoppingServerTellsItsWatchers) {
  Serve();
  const RoundId round = Ask("why?");
  const auto stream = Watch(round);
  council.WaitForWatchers(round, 1);
  server_->Shutdown();
  grpc::Status status;
  stream->Rest(&status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("stopping"));
}

}  // namespace
}  // namespace decentd
