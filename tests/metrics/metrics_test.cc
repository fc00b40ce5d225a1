// What a node measures of itself, as Prometheus reads it.
#include "node/metrics/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "storage/mem_store.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Phase kA = Phase::kAnswer, kS = Phase::kSheet;
using Type = RoundEvent::Type;

class MetricsTest : public ::testing::Test {
 protected:
  static RoundEvent Event(Type type, Phase phase = kA) {
    RoundEvent event;
    event.type = type;
    event.phase = phase;
    return event;
  }
  static RoundEvent Received(uint16_t node, bool abstained) {
    RoundEvent event = Event(Type::kAnswerReceived);
    event.node = NodeIndex{node};
    event.abstained = abstained;
    return event;
  }
  static RoundEvent Closed(Phase phase, decentd::Closed by) {
    RoundEvent event = Event(Type::kPhaseClosed, phase);
    event.closed = by;
    return event;
  }
  static RoundEvent Failed(const std::string& outcome) {
    RoundEvent event = Event(Type::kFailed);
    event.detail = outcome;
    return event;
  }
  void Tell(int64_t at_ms, RoundEvent event, char round = 'r') {
    event.unix_ms = 1'700'000'000'000 + at_ms;
    metrics_.OnEvent(RoundId{Sha256(std::string(1, round))}, event,
                     event.node ? kNames[event.node->value] : "");
  }
  static constexpr const char* kNames[] = {"alice", "bob"};
  Metrics metrics_;
};

// Calls come back when the test says so.
class HeldModels final : public Models {
 public:
  void Answer(AnswerRequest, AnswerDone done) override { answer = std::move(done); }
  void Judge(JudgeRequest, JudgeDone done) override { judge = std::move(done); }
  void PrepareJudge(JudgeRequest) override { ++prepared; }
  void Cancel(const RoundId&) override { ++cancelled; }
  AnswerDone answer;
  JudgeDone judge;
  int prepared = 0, cancelled = 0;
};

TEST_F(MetricsTest, OutcomesAreThereBeforeTheFirstRound) {
  EXPECT_THAT(metrics_.Text(), AllOf(HasSubstr("decentd_rounds_total{outcome=\"decided\"} 0"),
                                     HasSubstr("decentd_rounds_total{outcome=\"undecided\"} 0")));
}

TEST_F(MetricsTest, ARoundCountsItsOutcomeItsTimeAndThatOfItsPhases) {
  Tell(0, Event(Type::kAdmitted));
  Tell(0, Event(Type::kPhaseStarted, kA));
  Tell(100, Received(0, false));
  Tell(200, Received(1, true));
  Tell(2'000, Closed(kA, decentd::Closed::kSoft));
  Tell(2'000, Event(Type::kPhaseStarted, kS));
  Tell(3'000, Closed(kS, decentd::Closed::kNone));
  Tell(3'000, Event(Type::kDecided));
  Tell(3'100, Event(Type::kCertified));
  const std::string text = metrics_.Text();
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("decentd_rounds_total{outcome=\"decided\"} 1"),
            HasSubstr("decentd_round_duration_seconds_sum{outcome=\"decided\"} 3"),
            HasSubstr("decentd_phase_duration_seconds_sum{closed_by=\"soft_deadline\",phase=\"answer\"} 2"),
            HasSubstr("decentd_phase_duration_seconds_sum{closed_by=\"all_arrived\",phase=\"sheet\"} 1"),
            HasSubstr("decentd_abstentions_total{node=\"bob\",phase=\"answer\"} 1"),
            Not(HasSubstr("node=\"alice\""))));
}

TEST_F(MetricsTest, FailedAndUndecidedRoundsAreToldApart) {
  Tell(0, Event(Type::kAdmitted), 'a');
  Tell(500, Failed("too_few_sheets"), 'a');
  Tell(0, Event(Type::kGivenUp), 'b');  // begun before this process
  EXPECT_THAT(metrics_.Text(),
              AllOf(HasSubstr("decentd_rounds_total{outcome=\"too_few_sheets\"} 1"),
                    HasSubstr("decentd_round_duration_seconds_sum{outcome=\"too_few_sheets\"} 0.5"),
                    HasSubstr("decentd_rounds_total{outcome=\"undecided\"} 1"),
                    Not(HasSubstr("decentd_round_duration_seconds_sum{outcome=\"undecided\"}"))));
}

TEST_F(MetricsTest, CallsOfModelsAreCountedWhileTheyRunAndByOutcome) {
  HeldModels held;
  const auto models = metrics_.Timed(held, {"openai", "exec"});
  int done = 0;
  models->Answer({}, [&](std::variant<Answer, Abstain>) { ++done; });
  models->Judge({}, [&](std::variant<Judgement, Abstain>) { ++done; });
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("decentd_model_calls_in_progress{backend=\"openai\",model=\"answer\"} 1"));
  held.answer(Answer{"yes", "m", "stop", {}});
  held.judge(Abstain{AbstainReason::kModelTimedOut, "too slow"});
  EXPECT_EQ(done, 2);
  EXPECT_THAT(
      metrics_.Text(),
      AllOf(HasSubstr("decentd_model_calls_in_progress{backend=\"openai\",model=\"answer\"} 0"),
            HasSubstr("decentd_model_call_duration_seconds_count{backend=\"openai\",model=\"answer\",outcome=\"ok\"} 1"),
            HasSubstr("decentd_model_call_duration_seconds_count{backend=\"exec\",model=\"judge\",outcome=\"timed_out\"} 1")));
  models->PrepareJudge({});
  models->Cancel({});
  EXPECT_EQ(held.prepared + held.cancelled, 2);
}

TEST_F(MetricsTest, WritesAreTimedAndFailedOnesCounted) {
  MemStore inner;
  const auto store = metrics_.Timed(inner);
  WriteBatch batch;
  batch.Put("a", "1");
  ASSERT_TRUE(store->WriteSynced(batch).ok());
  inner.FailNextWrites(absl::ResourceExhaustedError("full"));
  EXPECT_TRUE(absl::IsResourceExhausted(store->WriteSynced(batch)));
  EXPECT_EQ(*store->Get("a"), "1");
  EXPECT_THAT(metrics_.Text(), AllOf(HasSubstr("decentd_store_sync_duration_seconds_count 1"),
                                     HasSubstr("decentd_store_failed_writes_total 1")));
}

TEST_F(MetricsTest, TheNodeAndItsPeersAreReadAtEachScrape) {
  NodeStatus status;
  status.version = "1.2";
  status.n = 4;
  status.f = 1;
  status.reachable = 3;
  status.evidence = 2;
  metrics_.Watch([&]() -> absl::StatusOr<NodeStatus> { return status; },
                 [] {
                   PeerInfo bob;
                   bob.name = "bob";
                   bob.epoch = 3;
                   bob.linked = true;
                   bob.round_trip_ms = 250;
                   bob.faults = {{"bad_signature", 7}};
                   return std::vector<PeerInfo>{bob};
                 });
  EXPECT_THAT(metrics_.Text(),
              AllOf(HasSubstr("decentd_build_info{version=\"1.2\"} 1"),
                    HasSubstr("decentd_voting 1"), HasSubstr("decentd_nodes_reachable 3"),
                    HasSubstr("decentd_nodes_needed 3"), HasSubstr("decentd_evidence 2"),
                    HasSubstr("decentd_peer_linked{peer=\"bob\",roster_epoch=\"3\"} 1"),
                    HasSubstr("decentd_peer_round_trip_seconds{peer=\"bob\",roster_epoch=\"3\"} 0.25"),
                    HasSubstr("decentd_peer_faults_total{peer=\"bob\",roster_epoch=\"3\",kind=\"bad_signature\"} 7")));
  status.voting = false;
  EXPECT_THAT(metrics_.Text(), HasSubstr("decentd_voting 0"));
  metrics_.Stop();
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("decentd_voting")));
}

TEST_F(MetricsTest, ABusyNodeSaysSo) {
  metrics_.Watch([]() -> absl::StatusOr<NodeStatus> { return absl::UnavailableError("busy"); },
                 nullptr);
  EXPECT_THAT(metrics_.Text(),
              AllOf(HasSubstr("decentd_responding 0"), Not(HasSubstr("decentd_voting"))));
}

TEST_F(MetricsTest, AnAddressInUseIsAnErrorThatNamesIt) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string where = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const absl::Status status = metrics_.Serve(where);
  close(fd);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(where));
}

}  // namespace
}  // namespace decentd
