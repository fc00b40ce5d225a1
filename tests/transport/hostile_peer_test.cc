// A client that speaks gRPC but not as a peer should.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "decentd/peer/v1/peer.grpc.pb.h"
#include "node/core/limits.h"
#include "node/transport/stream.h"
#include "tests/transport/nodes.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;
using testing::Identity;
using testing::kAlice;
using testing::kBob;
using testing::MakeRoster;
using testing::MakeTls;
using testing::NewIdentities;
using testing::Node;
using testing::StartNode;

// A call to alice, who is node 0, so that her peers greet first.
struct RawCall {
  grpc::ClientContext context;
  std::unique_ptr<peer::v1::Peer::Stub> stub;
  std::unique_ptr<grpc::ClientReaderWriter<peer::v1::Frame, peer::v1::Frame>> stream;
  // What alice says at the end.
  grpc::Status End() {
    peer::v1::Frame frame;
    while (stream->Read(&frame)) {
    }
    return stream->Finish();
  }
};

class HostilePeer : public ::testing::Test {
 protected:
  // `cluster`: what the call says of its roster.
  std::unique_ptr<RawCall> Call(const Node& server, const TlsIdentity* tls,
                                const std::string& cluster = "") {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = *TrustAnchorPem(identities_[0]->public_key());
    if (tls != nullptr) {
      ssl.pem_private_key = tls->private_key_pem;
      ssl.pem_cert_chain = tls->certificate_pem;
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(kTlsName);
    arguments.SetMaxSendMessageSize(-1);
    auto call = std::make_unique<RawCall>();
    call->context.set_deadline(std::chrono::system_clock::now() + testing::kPatience);
    if (!cluster.empty()) call->context.AddMetadata(kClusterMetadata, cluster);
    call->stub = peer::v1::Peer::NewStub(
        grpc::CreateCustomChannel(server.address(), grpc::SslCredentials(ssl), arguments));
    call->stream = call->stub->Link(&call->context);
    return call;
  }
  peer::v1::Frame Hello() const {
    peer::v1::Frame frame;
    frame.mutable_hello()->set_cluster_id(std::string(roster_.cluster_id().View()));
    frame.mutable_hello()->set_protocol_version(kLinkProtocolVersion);
    frame.mutable_hello()->set_software_version("raw\x1b[31m");
    frame.mutable_hello()->set_boot(1);
    return frame;
  }

  const std::vector<Identity> identities_ = NewIdentities(3);
  const Roster roster_ = MakeRoster({identities_[0], identities_[1]});
  const TlsIdentity bobs_tls_ = MakeTls(identities_[1]);
  const TlsIdentity strangers_tls_ = MakeTls(identities_[2]);
};

// As the first releases dial: without the roster's id in the call, and then with it in the hello.
TEST_F(HostilePeer, ACallThatNamesNoRosterIsJudgedByItsHello) {
  auto alice = StartNode(roster_, identities_[0], 0);
  peer::v1::Frame hello = Hello();
  const Digest other = Sha256("another roster");
  hello.mutable_hello()->set_cluster_id(std::string(other.View()));
  auto call = Call(*alice, &bobs_tls_);
  call->stream->Write(hello);
  const grpc::Status status = call->End();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr(other.Hex().substr(0, 12)));
  EXPECT_THAT(status.error_message(), HasSubstr(roster_.cluster_id().Hex().substr(0, 12)));
  call = Call(*alice, &bobs_tls_);
  call->stream->Write(Hello());
  EXPECT_TRUE(alice->recorder.WaitUp(kBob));
}

// A node of the roster that asks for a new roster in each call: refused by name, and all of it is
// one cause for the log's limit (log_test).
TEST_F(HostilePeer, ARosterThatNobodyHasIsRefusedAndItsLinesAreLimitedTogether) {
  auto alice = StartNode(roster_, identities_[0], 0);
  for (const std::string& cluster :
       {Sha256("one").Hex(), Sha256("two").Hex(), std::string("no id"), std::string(5'000, 'f')}) {
    const grpc::Status status = Call(*alice, &bobs_tls_, cluster)->End();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(roster_.cluster_id().Hex().substr(0, 12)));
  }
  EXPECT_EQ(alice->log.Count("\x1frefused a peer\x1f" "127.0.0.1\x1f"),
            alice->log.Count("refused a peer at"));
  auto call = Call(*alice, &bobs_tls_, roster_.cluster_id().Hex());
  call->stream->Write(Hello());
  EXPECT_TRUE(alice->recorder.WaitUp(kBob));
}

TEST_F(HostilePeer, WithoutACertificateItIsRefused) {
  auto alice = StartNode(roster_, identities_[0], 0);
  auto call = Call(*alice, nullptr);
  call->stream->Write(Hello());
  EXPECT_FALSE(call->End().ok());
  EXPECT_EQ(alice->recorder.seen(kBob).ups, 0);
}

TEST_F(HostilePeer, AStrangerIsRefusedWithTheReason) {
  auto alice = StartNode(roster_, identities_[0], 0);
  auto call = Call(*alice, &strangers_tls_);
  call->stream->Write(Hello());
  const grpc::Status status = call->End();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("not in the roster of alice"));
  EXPECT_TRUE(alice->log.WaitFor("refused a peer at 127.0.0.1:"));
}

TEST_F(HostilePeer, AFrameBeforeItsHelloEndsTheStream) {
  auto alice = StartNode(roster_, identities_[0], 0);
  auto call = Call(*alice, &bobs_tls_);
  call->stream->Write(*testing::EnvelopeFrame("early"));
  const grpc::Status status = call->End();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("before its hello"));
  EXPECT_EQ(alice->recorder.seen(kBob).frames, 0);
}

TEST_F(HostilePeer, ASecondHelloEndsTheStream) {
  auto alice = StartNode(roster_, identities_[0], 0);
  auto call = Call(*alice, &bobs_tls_);
  call->stream->Write(Hello());
  call->stream->Write(Hello());
  const grpc::Status status = call->End();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("second hello"));
  EXPECT_TRUE(alice->recorder.WaitDown(kBob));
}

TEST_F(HostilePeer, AFrameTooLongEndsTheStream) {
  for (const size_t beyond : {size_t{100}, size_t{1} << 20}) {
    SCOPED_TRACE(beyond);
    auto alice = StartNode(roster_, identities_[0], 0);
    auto call = Call(*alice, &bobs_tls_);
    call->stream->Write(Hello());
    call->stream->Write(*testing::EnvelopeFrame(std::string(limits::kMaxFrameBytes + beyond, 'x')));
    EXPECT_FALSE(call->End().ok());
    EXPECT_TRUE(alice->recorder.WaitDown(kBob));
    EXPECT_EQ(alice->recorder.seen(kBob).frames, 0);
  }
}

TEST_F(HostilePeer, AFrameOfNoKnownKindEndsTheStream) {
  auto alice = StartNode(roster_, identities_[0], 0);
  auto call = Call(*alice, &bobs_tls_);
  call->stream->Write(Hello());
  call->stream->Write(peer::v1::Frame());
  const grpc::Status status = call->End();
  EXPECT_THAT(status.error_message(), HasSubstr("undecodable"));
  EXPECT_TRUE(alice->recorder.WaitDown(kBob));
}

TEST_F(HostilePeer, OneThatGoesOnIsBlocked) {
  auto alice = StartNode(roster_, identities_[0], 0,
                         [](LinkOptions& options) { options.faults_per_minute = 3; });
  grpc::Status status;
  for (int i = 0; i < 10 && status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED; ++i) {
    auto call = Call(*alice, &bobs_tls_);
    call->stream->Write(*testing::EnvelopeFrame("early"));
    status = call->End();
  }
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(alice->State(kBob).state, "misbehaved");
}

TEST_F(HostilePeer, OneThatSaysNothingIsLetGo) {
  auto alice = StartNode(roster_, identities_[0], 0, [](LinkOptions& options) {
    options.times.link_within = std::chrono::milliseconds(200);
  });
  auto silent = Call(*alice, &bobs_tls_);
  EXPECT_EQ(silent->End().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HostilePeer, OneThatFallsSilentIsTakenForDead) {
  auto alice = StartNode(roster_, identities_[0], 0, [](LinkOptions& options) {
    options.times.dead_after = std::chrono::milliseconds(400);
  });
  auto falls_silent = Call(*alice, &bobs_tls_);
  falls_silent->stream->Write(Hello());
  EXPECT_TRUE(alice->recorder.WaitDown(kBob));
  EXPECT_THAT(falls_silent->End().error_message(), HasSubstr("silent"));
}

TEST_F(HostilePeer, OneThatDoesNotReadHoldsUpNobody) {
  auto alice = StartNode(roster_, identities_[0], 0, [](LinkOptions& options) {
    options.queue_bytes = 1 << 20;
    options.times.linger = std::chrono::milliseconds(200);
  });
  auto call = Call(*alice, &bobs_tls_);
  call->stream->Write(Hello());
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  const FramePtr frame = testing::WantFrame(std::string(100'000, 'x'));
  for (int i = 0; i < 1'000 && alice->State(kBob).frames_dropped == 0; ++i) {
    alice->links->Send(kBob, frame);
  }
  EXPECT_GT(alice->State(kBob).frames_dropped, 0u);
  // Nor a replacement, nor the end.
  auto second = Call(*alice, &bobs_tls_);
  second->stream->Write(Hello());
  EXPECT_TRUE(alice->recorder.WaitFor(
      kBob, [](const testing::Recorder::Seen& seen) { return seen.ups == 2; }));
  alice->links.reset();
  EXPECT_EQ(alice->recorder.seen(kBob).downs, 2);
}

TEST_F(HostilePeer, WhatItSaysIsPrintable) {
  auto alice = StartNode(roster_, identities_[0], 0);
  auto call = Call(*alice, &bobs_tls_);
  call->stream->Write(Hello());
  ASSERT_TRUE(alice->recorder.WaitUp(kBob));
  EXPECT_EQ(alice->State(kBob).version, "raw?[31m");
}

TEST_F(HostilePeer, BytesThatAreNoTlsLeaveNoTraceInTheLog) {
  auto alice = StartNode(roster_, identities_[0], 0);
  const std::string before = alice->log.Text();
  addrinfo* where = nullptr;
  ASSERT_EQ(getaddrinfo("127.0.0.1", absl::StrCat(alice->server->port()).c_str(), nullptr, &where),
            0);
  for (int i = 0; i < 20; ++i) {
    const int socket = ::socket(where->ai_family, SOCK_STREAM, 0);
    ASSERT_EQ(connect(socket, where->ai_addr, where->ai_addrlen), 0);
    const std::string garbage = "GET / HTTP/1.0\r\n\r\n";
    ASSERT_EQ(write(socket, garbage.data(), garbage.size()), static_cast<ssize_t>(garbage.size()));
    char answer[64];
    while (read(socket, answer, sizeof answer) > 0) {  // until alice hangs up
    }
    close(socket);
  }
  freeaddrinfo(where);
  EXPECT_EQ(alice->log.Text(), before);
}

}  // namespace
}  // namespace decentd
