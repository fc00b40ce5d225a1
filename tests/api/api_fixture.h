// A real ClientServer on a free loopback port before a council in memory, and one client.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "crypto/ed25519_signer.h"
#include "decentd/client/v1/client.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "node/api/client_server.h"
#include "node/codec/peer_codec.h"
#include "node/core/roster.h"
#include "tests/api/fake_council.h"

namespace decentd {

inline Roster TestRoster() {
  std::vector<RosterNode> nodes;
  for (const char* name : {"ada", "bob", "cyd", "dan"}) {
    RosterNode node;
    node.name = name;
    node.key = NewEd25519Signer()->public_key();
    nodes.push_back(std::move(node));
  }
  RosterParameters parameters;
  parameters.criteria = PaperCriteria();
  return Roster(1, std::move(nodes), std::move(parameters));
}

class ApiTest : public ::testing::Test {
 protected:
  void Serve(
      ClientServerOptions options = {},
      PeerInfoProvider peers = [] { return std::vector<PeerInfo>(); }) {
    auto server = ClientServer::Start(options, council, CheckWith(verifier), std::move(peers));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    stub = client::v1::Council::NewStub(channel);
  }

  Query MakeQuery(const std::string& question) const {
    Query query;
    query.client_key = client->public_key();
    query.messages = {{"user", question}};
    query.nonce = std::string(16, 'n');
    query.expiry_unix_ms = 4'000'000'000'000;
    return query;
  }
  client::v1::SubmitRequest Signed(const std::string& question) const {
    client::v1::SubmitRequest request;
    ToProto(SignQuery(*client, roster.cluster_id(), MakeQuery(question)), request.mutable_query());
    return request;
  }
  grpc::Status Submit(const client::v1::SubmitRequest& request, std::string* round_id = nullptr) {
    grpc::ClientContext context;
    client::v1::SubmitResponse response;
    const grpc::Status status = stub->Submit(&context, request, &response);
    if (round_id != nullptr) *round_id = response.round_id();
    return status;
  }
  // Submits a question and returns its round.
  RoundId Ask(const std::string& question) {
    std::string id;
    const grpc::Status status = Submit(Signed(question), &id);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return RoundId{Digest::FromBytes(id).value_or(Digest{})};
  }

  const Roster roster = TestRoster();
  const std::unique_ptr<Signer> client = NewEd25519Signer();
  Verifier verifier{roster, Ed25519Scheme()};
  FakeCouncil council;
  std::unique_ptr<ClientServer> server_;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<client::v1::Council::Stub> stub;
};

}  // namespace decentd
