// The verifier: good statements of members pass, each wrong one is its own kind of fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "node/codec/peer_codec.h"
#include "node/codec/verifier.h"
#include "node/core/verdict.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using testing::TestCluster;
using testing::TestRound;

// Node 3 only judges, node 4 only answers.
TestCluster MakeCluster() {
  return TestCluster(5, 1, [](std::vector<RosterNode>& nodes, RosterParameters&) {
    nodes[3].worker = false;
    nodes[4].evaluator = false;
  });
}

class VerifierTest : public ::testing::Test {
 protected:
  TestCluster cluster_ = MakeCluster();
  Verifier verifier_{cluster_.roster(), Ed25519Scheme()};
  const Slot slot_{Phase::kAnswer, NodeIndex{1}};
  const Digest digest_ = Sha256("payload");

  Votes Echoes(const RoundId& round, const Slot& slot, const Digest& digest, uint64_t seq = 0) {
    return Votes{round, seq, {vote::Enter{Phase::kAnswer}, vote::Echo{slot, digest}}};
  }
  Envelope EchoBy(int node) { return cluster_.Sign(node, Echoes(TestRound("r"), slot_, digest_)); }
  std::vector<Envelope> GoodCertificate() { return {EchoBy(0), EchoBy(1), EchoBy(2), EchoBy(4)}; }
  FaultKind FaultOf(const Envelope& envelope) {
    const auto result = verifier_.Verify(envelope);
    return std::holds_alternative<FaultKind>(result) ? std::get<FaultKind>(result) : FaultKind{};
  }
  FaultKind FaultOf(std::vector<Envelope> votes) {
    const auto result =
        verifier_.VerifyCertificate(TestRound("r"), slot_, digest_, std::move(votes));
    return std::holds_alternative<FaultKind>(result) ? std::get<FaultKind>(result) : FaultKind{};
  }
};

template <class T>
const Verified<T>& As(const std::variant<AnyVerified, FaultKind>& result) {
  return std::get<Verified<T>>(std::get<AnyVerified>(result));
}

TEST_F(VerifierTest, StatementsOfMembersPass) {
  const auto sponsor = verifier_.Verify(cluster_.Sign(3, Sponsor{TestRound("r")}));
  EXPECT_EQ(As<Sponsor>(sponsor).author(), NodeIndex{3});
  EXPECT_EQ(As<Sponsor>(sponsor)->round, TestRound("r"));
  const Envelope answer =
      cluster_.Sign(4, Propose{TestRound("r"), Phase::kAnswer, Answer{"Lima.", "", "", {}}});
  const auto propose = verifier_.Verify(answer);
  EXPECT_EQ(As<Propose>(propose).body_digest(), Sha256(answer.body));
  EXPECT_EQ(As<Propose>(propose).envelope()->body, answer.body);
  EXPECT_NO_THROW(As<Votes>(verifier_.Verify(EchoBy(0))));
  EXPECT_NO_THROW(As<Heartbeat>(verifier_.Verify(cluster_.Sign(0, Heartbeat{1, 2}))));
  EXPECT_NO_THROW(As<Decision>(verifier_.Verify(cluster_.Sign(
      0, Decision{TestRound("r"), Verdict{}.Encode(), Closed::kNone, Closed::kNone}))));
}

TEST_F(VerifierTest, QueryOfAnyClientPassesUnderItsOwnKey) {
  const Query query = cluster_.MakeQuery();
  const Envelope good = SignQuery(cluster_.client(), cluster_.roster().cluster_id(), query);
  const auto result = verifier_.Verify(good);
  EXPECT_EQ(As<Query>(result)->client_key, cluster_.client().public_key());

  EXPECT_EQ(FaultOf(SignQuery(cluster_.signer(0), cluster_.roster().cluster_id(), query)),
            FaultKind::kBadSignature)
      << "signed by another key than the one inside";
  Envelope by_node = good;
  by_node.author = 0;
  EXPECT_EQ(FaultOf(by_node), FaultKind::kUnknownAuthor);
}

TEST_F(VerifierTest, EachWrongIsItsOwnFault) {
  Envelope e = EchoBy(0);
  e.author = 5;
  EXPECT_EQ(FaultOf(e), FaultKind::kUnknownAuthor);
  e.author = kClientAuthor;
  EXPECT_EQ(FaultOf(e), FaultKind::kUnknownAuthor);
  e = EchoBy(0);
  e.author = 1;
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  e = EchoBy(0);
  e.signature[10] ^= 1;
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  e.signature.clear();
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  e = EchoBy(0);
  e.body[5] ^= 1;
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  EXPECT_EQ(FaultOf(cluster_.SignBody(0, Kind::kVotes, "no votes")), FaultKind::kUndecodable);
  EXPECT_EQ(FaultOf(cluster_.SignQueryBody("no query")), FaultKind::kUndecodable);
}

TEST_F(VerifierTest, BodiesBeyondTheLimitOfTheirKindAreTooLarge) {
  for (Kind kind :
       {Kind::kSponsor, Kind::kPropose, Kind::kVotes, Kind::kDecision, Kind::kHeartbeat}) {
    EXPECT_EQ(FaultOf(cluster_.SignBody(0, kind, std::string(MaxBodyBytes(kind) + 1, 'x'))),
              FaultKind::kTooLarge)
        << KindName(kind);
    EXPECT_EQ(FaultOf(cluster_.SignBody(0, kind, std::string(MaxBodyBytes(kind), 'x'))),
              FaultKind::kUndecodable)
        << KindName(kind);
  }
  EXPECT_EQ(FaultOf(cluster_.SignQueryBody(std::string(limits::kMaxQueryBytes + 1, 'x'))),
            FaultKind::kTooLarge);
}

TEST_F(VerifierTest, SignatureOfAnotherKindOrClusterIsBad) {
  Envelope e = EchoBy(0);
  e.signature = cluster_.signer(0).Sign("propose", cluster_.roster().cluster_id(), e.body);
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  e.signature = cluster_.signer(0).Sign("votes", Sha256("another cluster"), e.body);
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
}

TEST_F(VerifierTest, PayloadOfANodeOutsideThePanelIsWrongRole) {
  const Propose answer{TestRound("r"), Phase::kAnswer, Answer{"Lima.", "", "", {}}};
  const Propose sheet{TestRound("r"), Phase::kSheet,
                      Sheet{Sha256("A"), {{NodeIndex{1}, {1, 2, 3, 4, 5}}}, "", {}}};
  EXPECT_EQ(FaultOf(cluster_.Sign(3, answer)), FaultKind::kWrongRole);
  EXPECT_EQ(FaultOf(cluster_.Sign(4, sheet)), FaultKind::kWrongRole);
  EXPECT_EQ(FaultOf(cluster_.Sign(4, Propose{TestRound("r"), Phase::kSheet, Abstain{}})),
            FaultKind::kWrongRole);
  EXPECT_NO_THROW(As<Propose>(verifier_.Verify(cluster_.Sign(4, answer))));
  EXPECT_NO_THROW(As<Propose>(verifier_.Verify(cluster_.Sign(3, sheet))));
}

TEST_F(VerifierTest, SecondArrivalCostsNoSignatureAndYieldsTheSameObject) {
  const auto first = verifier_.Verify(EchoBy(0));
  EXPECT_EQ(verifier_.signatures_verified(), 1u);
  const auto second = verifier_.Verify(EchoBy(0));
  EXPECT_EQ(verifier_.signatures_verified(), 1u);
  EXPECT_EQ(As<Votes>(first).envelope(), As<Votes>(second).envelope());
  EXPECT_EQ(&*As<Votes>(first), &*As<Votes>(second));
}

TEST_F(VerifierTest, CacheNeverVouchesForAnotherEnvelope) {
  const Envelope good = EchoBy(0);
  verifier_.Verify(good);
  Envelope e = good;
  e.signature[0] ^= 1;
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  e = good;
  e.author = 1;
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
  e = good;
  e.kind = Kind::kPropose;
  EXPECT_EQ(FaultOf(e), FaultKind::kBadSignature);
}

TEST_F(VerifierTest, BadEnvelopesAreNotRemembered) {
  Envelope e = EchoBy(0);
  e.signature[0] ^= 1;
  FaultOf(e);
  FaultOf(e);
  EXPECT_EQ(verifier_.signatures_verified(), 2u);
}

TEST_F(VerifierTest, CacheIsBounded) {
  const Verifier small(cluster_.roster(), Ed25519Scheme(), 8);
  for (uint64_t i = 0; i < 20; ++i) small.Verify(cluster_.Sign(0, Heartbeat{1, i}));
  EXPECT_EQ(small.signatures_verified(), 20u);
  small.Verify(cluster_.Sign(0, Heartbeat{1, 19}));
  EXPECT_EQ(small.signatures_verified(), 20u) << "the latest is remembered";
  small.Verify(cluster_.Sign(0, Heartbeat{1, 0}));
  EXPECT_EQ(small.signatures_verified(), 21u) << "the earliest is forgotten";
}

TEST_F(VerifierTest, WithoutACacheEverySignatureIsChecked) {
  const Verifier none(cluster_.roster(), Ed25519Scheme(), 0);
  none.Verify(EchoBy(0));
  none.Verify(EchoBy(0));
  EXPECT_EQ(none.signatures_verified(), 2u);
}

TEST_F(VerifierTest, ThreadsShareOneObjectForOneEnvelope) {
  const Verifier verifier(cluster_.roster(), Ed25519Scheme());
  const Envelope envelope = EchoBy(0);
  std::vector<std::shared_ptr<const Envelope>> seen(4);
  std::vector<std::thread> threads;
  for (auto& slot : seen) {
    threads.emplace_back([&] { slot = As<Votes>(verifier.Verify(envelope)).envelope(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& envelope_seen : seen) EXPECT_EQ(envelope_seen, seen[0]);
}

TEST_F(VerifierTest, OwnStatementIsTrustedAndRemembered) {
  const AnyVerified own = verifier_.TrustOwn(EchoBy(0));
  const auto back = verifier_.Verify(EchoBy(0));
  EXPECT_EQ(verifier_.signatures_verified(), 0u);
  EXPECT_EQ(As<Votes>(back).envelope(), std::get<Verified<Votes>>(own).envelope());
}

TEST_F(VerifierTest, QuorumOfEchoesIsACertificate) {
  ASSERT_EQ(cluster_.roster().quorum(), 4);
  const auto result =
      verifier_.VerifyCertificate(TestRound("r"), slot_, digest_, GoodCertificate());
  const auto& certificate = std::get<VerifiedCertificate>(result);
  EXPECT_EQ(certificate.round(), TestRound("r"));
  EXPECT_EQ(certificate.slot(), slot_);
  EXPECT_EQ(certificate.digest(), digest_);
  EXPECT_EQ(certificate.votes().size(), 4u);
  EXPECT_TRUE(verifier_.AssembleCertificate(TestRound("r"), slot_, digest_, certificate.votes()));
}

TEST_F(VerifierTest, LessOrOtherThanAQuorumOfEchoesIsNoCertificate) {
  std::vector<Envelope> votes = GoodCertificate();
  votes.pop_back();
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "q - 1";
  votes = GoodCertificate();
  votes.push_back(EchoBy(3));
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "q + 1";
  votes = GoodCertificate();
  votes[3] = cluster_.Sign(0, Echoes(TestRound("r"), slot_, digest_, 1));
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "one author twice";
  votes = GoodCertificate();
  votes[3] = cluster_.Sign(4, Echoes(TestRound("r"), slot_, Sha256("another")));
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "echo of another digest";
  votes[3] = cluster_.Sign(4, Echoes(TestRound("other"), slot_, digest_));
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "another round";
  votes[3] = cluster_.Sign(4, Echoes(TestRound("r"), {Phase::kAnswer, NodeIndex{2}}, digest_));
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "another slot";
  votes[3] = cluster_.Sign(4, Echoes(TestRound("r"), {Phase::kSheet, NodeIndex{1}}, digest_));
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "another phase";
  votes[3] = cluster_.Sign(4, Sponsor{TestRound("r")});
  EXPECT_EQ(FaultOf(votes), FaultKind::kInvalidCertificate) << "another kind";
  votes = GoodCertificate();
  votes[3].signature[0] ^= 1;
  EXPECT_EQ(FaultOf(votes), FaultKind::kBadSignature);
}

TEST_F(VerifierTest, AssemblingNeedsDistinctAuthors) {
  std::vector<Verified<Votes>> votes;
  for (int node : {0, 1, 2, 2}) votes.push_back(As<Votes>(verifier_.Verify(EchoBy(node))));
  EXPECT_FALSE(verifier_.AssembleCertificate(TestRound("r"), slot_, digest_, votes));
  votes.pop_back();
  EXPECT_FALSE(verifier_.AssembleCertificate(TestRound("r"), slot_, digest_, votes));
  votes.push_back(As<Votes>(verifier_.Verify(EchoBy(3))));
  EXPECT_TRUE(verifier_.AssembleCertificate(TestRound("r"), slot_, digest_, votes));
}

}  // namespace
}  // namespace decentd
