#include "node/api/client_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>

#include "tests/api/api_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

TEST_F(ApiTest, SubmitNamesTheRoundByTheDigestOfTheSignedBytes) {
  Serve();
  const client::v1::SubmitRequest request = Signed("why?");
  std::string id;
  ASSERT_TRUE(Submit(request, &id).ok());
  EXPECT_EQ(id, Sha256(request.query().body()).View());
}

TEST_F(ApiTest, SubmitRefusesABadSignature) {
  Serve();
  client::v1::SubmitRequest request = Signed("why?");
  request.mutable_query()->mutable_signature()->back() ^= 1;
  const grpc::Status status = Submit(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr(roster.cluster_id().Hex()));
}

TEST_F(ApiTest, SubmitRefusesAQueryOfAnotherCluster) {
  Serve();
  client::v1::SubmitRequest request;
  ToProto(SignQuery(*client, Sha256("another roster"), MakeQuery("why?")), request.mutable_query());
  EXPECT_EQ(Submit(request).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ApiTest, SubmitRefusesAClientThatIsNotAllowed) {
  ClientServerOptions options;
  options.allowed_clients = {NewEd25519Signer()->public_key()};
  Serve(options);
  const grpc::Status status = Submit(Signed("why?"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr(client->public_key().Hex()));
}

TEST_F(ApiTest, SubmitServesAClientThatIsAllowed) {
  ClientServerOptions options;
  options.allowed_clients = {client->public_key()};
  Serve(options);
  EXPECT_TRUE(Submit(Signed("why?")).ok());
}

TEST_F(ApiTest, SubmitRefusesMoreRequestsPerMinuteThanAllowed) {
  ClientServerOptions options;
  options.requests_per_minute = 1;
  Serve(options);
  EXPECT_TRUE(Submit(Signed("one")).ok());
  const grpc::Status status = Submit(Signed("two"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("requests per minute"));
}

TEST_F(ApiTest, SubmitRefusesMoreRoundsInFlightThanAllowed) {
  ClientServerOptions options;
  options.rounds_in_flight = 1;
  Serve(options);
  const RoundId first = Ask("one");
  const grpc::Status status = Submit(Signed("two"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("in flight"));
  council.SetState(first, RoundSummary::State::kDecided);
  EXPECT_TRUE(Submit(Signed("two")).ok());
}

TEST_F(ApiTest, ARefusalOfTheCouncilReachesTheClientWithItsReason) {
  council.submit_status = absl::FailedPreconditionError("this node does not vote: disk full");
  Serve();
  const grpc::Status status = Submit(Signed("why?"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "this node does not vote: disk full");
}

TEST_F(ApiTest, SubmitRefusesAQueryBeyondTheBound) {
  Serve();
  const grpc::Status status = Submit(Signed(std::string(limits::kMaxQueryBytes, 'x')));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("too large"));
}

TEST_F(ApiTest, NoBytesCrashTheServer) {
  Serve();
  std::minstd_rand random(7);
  for (int i = 0; i < 300; ++i) {
    client::v1::SubmitRequest request = Signed("why?");
    std::string& body = *request.mutable_query()->mutable_body();
    body.resize(random() % (body.size() + 1));
    for (int flips = 0; flips < 3 && !body.empty(); ++flips) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) request.mutable_query()->set_author(static_cast<uint32_t>(random()));
    if (random() % 4 == 0) {
      request.mutable_query()->set_kind(static_cast<types::v1::Kind>(random() % 9));
    }
    EXPECT_FALSE(Submit(request).ok());
  }
  EXPECT_TRUE(Submit(Signed("still here?")).ok());
}

TEST_F(ApiTest, AClientThatGivesUpLeavesTheCouncilsLateAnswerHarmless) {
  council.hold_submit = true;
  Serve();
  grpc::ClientContext context;
  client::v1::SubmitResponse response;
  std::thread call([&] { stub->Submit(&context, Signed("slow"), &response); });
  council.WaitForHeldSubmit();
  context.TryCancel();
  call.join();
  server_->Shutdown();  // returns: the cancelled call has ended
  server_.reset();
  council.Release(absl::ResourceExhaustedError("too late"));
}

TEST_F(ApiTest, ListRoundsPagesThroughAllNewestFirst) {
  Serve();
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) {
    newest_first.insert(newest_first.begin(), std::string(Ask(std::to_string(i)).digest.View()));
  }
  std::vector<std::string> seen;
  client::v1::ListRoundsRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    grpc::ClientContext context;
    client::v1::ListRoundsResponse response;
    ASSERT_TRUE(stub->ListRounds(&context, request, &response).ok());
    for (const auto& round : response.rounds()) seen.push_back(round.round_id());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, newest_first);
  EXPECT_EQ(pages, 3);
}

TEST_F(ApiTest, ListRoundsRefusesATokenItDidNotGive) {
  Serve();
  grpc::ClientContext context;
  client::v1::ListRoundsRequest request;
  client::v1::ListRoundsResponse response;
  request.set_page_token("page two");
  EXPECT_EQ(stub->ListRounds(&context, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ApiTest, GetBundleArrivesWholeInChunks) {
  Serve();
  const RoundId round = Ask("why?");
  std::string bundle(700'000, '\0');
  for (size_t i = 0; i < bundle.size(); ++i) bundle[i] = static_cast<char>(i * 31);
  council.SetBundle(round, bundle);
  grpc::ClientContext context;
  client::v1::GetBundleRequest request;
  request.set_round_id(std::string(round.digest.View()));
  const auto reader = stub->GetBundle(&context, request);
  std::string received;
  client::v1::BundleChunk chunk;
  int chunks = 0;
  for (; reader->Read(&chunk); ++chunks) received += chunk.data();
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(chunks, 3);
  EXPECT_TRUE(received == bundle);
}

TEST_F(ApiTest, GetBundleSaysWhyThereIsNone) {
  Serve();
  for (const auto& [id, code] :
       {std::pair(std::string(Ask("why?").digest.View()), grpc::StatusCode::NOT_FOUND),
        std::pair(std::string("short"), grpc::StatusCode::INVALID_ARGUMENT)}) {
    grpc::ClientContext context;
    client::v1::GetBundleRequest request;
    request.set_round_id(id);
    client::v1::BundleChunk chunk;
    const auto reader = stub->GetBundle(&context, request);
    EXPECT_FALSE(reader->Read(&chunk));
    EXPECT_EQ(reader->Finish().error_code(), code);
  }
}

TEST_F(ApiTest, ListEvidenceSendsDataOnlyWhereItIsNamed) {
  std::vector<StoredEvidence> evidence;
  for (const char* id : {"aa", "bb", "cc"}) {
    StoredEvidence& e = evidence.emplace_back();
    e.id = id;
    e.kind = "proposals";
    e.bytes = "bytes of " + e.id;
  }
  council.SetEvidence(evidence);
  Serve();
  client::v1::ListEvidenceRequest request;
  client::v1::ListEvidenceResponse response;
  request.set_page_size(2);
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ListEvidence(&context, request, &response).ok());
  }
  ASSERT_EQ(response.evidence_size(), 2);
  EXPECT_EQ(response.evidence(0).data(), "");
  EXPECT_EQ(response.evidence(0).data_bytes(), 11u);
  request.set_page_token(response.next_page_token());
  response.Clear();
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ListEvidence(&context, request, &response).ok());
  }
  ASSERT_EQ(response.evidence_size(), 1);
  EXPECT_EQ(response.evidence(0).id(), "cc");
  EXPECT_EQ(response.next_page_token(), "");
  request.set_id("bb");
  response.Clear();
  grpc::ClientContext context;
  ASSERT_TRUE(stub->ListEvidence(&context, request, &response).ok());
  ASSERT_EQ(response.evidence_size(), 1);
  EXPECT_EQ(response.evidence(0).data(), "bytes of bb");
}

TEST_F(ApiTest, ListPeersShowsWhatTheProviderSaysAlsoWhereItIsNoText) {
  PeerInfo peer;
  peer.name = "bob";
  peer.linked = true;
  peer.detail = "bad\xFF\xC0\xAF bytes";  // a peer's own words
  peer.round_trip_ms = 1.5;
  peer.faults = {{"bad_signature", 3}};
  Serve({}, [&] { return std::vector<PeerInfo>{peer}; });
  grpc::ClientContext context;
  client::v1::ListPeersResponse response;
  ASSERT_TRUE(stub->ListPeers(&context, {}, &response).ok());
  ASSERT_EQ(response.peers_size(), 1);
  EXPECT_EQ(response.peers(0).name(), "bob");
  EXPECT_EQ(response.peers(0).detail(), "bad\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD bytes");
  EXPECT_EQ(response.peers(0).round_trip_ms(), 1.5);
  EXPECT_EQ(response.peers(0).faults().at("bad_signature"), 3u);
}

TEST_F(ApiTest, GetStatusAndGetRoundAnswer) {
  Serve();
  grpc::ClientContext context;
  client::v1::NodeStatus status;
  ASSERT_TRUE(stub->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.name(), "ada");
  EXPECT_EQ(status.n(), 4u);
  grpc::ClientContext unknown;
  client::v1::GetRoundRequest request;
  request.set_round_id(std::string(32, 'x'));
  client::v1::Round round;
  EXPECT_EQ(stub->GetRound(&unknown, request, &round).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace decentd
