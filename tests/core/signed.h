// Signed messages of a test cluster, verified as a node would.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "node/codec/verifier.h"
#include "node/core/event.h"
#include "tests/codec/test_cluster.h"

namespace decentd::testing {

inline NodeIndex At(int i) { return NodeIndex{static_cast<uint16_t>(i)}; }

class SignedCluster {
 public:
  template <class Adjust>
  SignedCluster(int n, Adjust adjust)
      : cluster(n, 1, adjust), verifier(cluster.roster(), Ed25519Scheme()) {}
  explicit SignedCluster(int n)
      : SignedCluster(n, [](std::vector<RosterNode>&, RosterParameters&) {}) {}

  const Roster& roster() const { return cluster.roster(); }

  // A query whose nonce differs for each number.
  Verified<Query> MakeQuery(int number = 0, int64_t expiry_unix_ms = 1'800'000'000'000,
                            size_t bytes = 1, uint32_t committee = 0) const {
    Query query = cluster.MakeQuery(std::string(bytes, '?'));
    query.committee = committee;
    query.nonce = std::string(12, 'n') + std::to_string(1000 + number);
    query.expiry_unix_ms = expiry_unix_ms;
    return Take<Query>(SignQuery(cluster.client(), roster().cluster_id(), query));
  }
  template <class T>
  Verified<T> Say(int node, const T& value) const {
    return Take<T>(cluster.Sign(node, value));
  }
  Verified<Propose> Answered(int node, const RoundId& round, const std::string& text = "42") const {
    return Say(node, Propose{round, Phase::kAnswer, Answer{text, "test", "stop", {}}});
  }
  Verified<Propose> Abstained(int node, const RoundId& round, Phase phase = Phase::kAnswer) const {
    return Say(node, Propose{round, phase, Abstain{AbstainReason::kModelFailed, ""}});
  }
  // A sheet of full marks for node 0's answer.
  Verified<Propose> Scored(int node, const RoundId& round) const {
    const size_t criteria = roster().parameters().criteria.size();
    Sheet sheet{{}, {{At(0), std::vector<uint32_t>(criteria, limits::kMaxScore)}}, "test", {}};
    return Say(node, Propose{round, Phase::kSheet, std::move(sheet)});
  }
  Verified<Votes> Voted(int node, const RoundId& round, uint64_t seq,
                        std::vector<Vote> votes) const {
    return Say(node, Votes{round, seq, std::move(votes)});
  }
  // A certificate by the last q nodes; their Votes have this seq.
  VerifiedCertificate Certify(const RoundId& round, Slot slot, const Digest& digest,
                              uint64_t seq) const {
    std::vector<Verified<Votes>> votes;
    for (int i = roster().n() - roster().quorum(); i < roster().n(); ++i) {
      votes.push_back(Voted(i, round, seq, {vote::Echo{slot, digest}}));
    }
    return *verifier.AssembleCertificate(round, slot, digest, std::move(votes));
  }

  // The same with the longest Votes there are.
  VerifiedCertificate CertifyPadded(const RoundId& round, Slot slot, const Digest& digest,
                                    uint64_t seq) const {
    std::vector<Verified<Votes>> votes;
    for (int i = roster().n() - roster().quorum(); i < roster().n(); ++i) {
      votes.push_back(Take<Votes>(cluster.SignPadded(i, {round, seq, {vote::Echo{slot, digest}}})));
    }
    return *verifier.AssembleCertificate(round, slot, digest, std::move(votes));
  }

  TestCluster cluster;
  Verifier verifier;

 private:
  template <class T>
  Verified<T> Take(Envelope envelope) const {
    return std::get<Verified<T>>(std::get<AnyVerified>(verifier.Verify(std::move(envelope))));
  }
};

}  // namespace decentd::testing
