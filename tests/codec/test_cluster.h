// A cluster with real keys for tests: the same seed gives the same keys and signatures.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/ed25519_signer.h"
#include "node/codec/peer_codec.h"
#include "node/core/roster.h"

namespace decentd::testing {

inline std::unique_ptr<Signer> TestSigner(uint8_t seed, uint8_t index) {
  std::array<uint8_t, 32> bytes{};
  bytes[0] = seed;
  bytes[1] = index;
  return SignerFromSeed(bytes);
}

class TestCluster {
 public:
  // `adjust` may change the nodes and the parameters before the roster is made.
  template <class Adjust>
  TestCluster(int n, uint8_t seed, Adjust adjust)
      : roster_(Make(n, seed, &signers_, adjust)), client_(TestSigner(seed, 255)) {}
  explicit TestCluster(int n, uint8_t seed = 1)
      : TestCluster(n, seed, [](std::vector<RosterNode>&, RosterParameters&) {}) {}

  const Roster& roster() const { return roster_; }
  const Signer& signer(int node) const { return *signers_[static_cast<size_t>(node)]; }
  const Signer& client() const { return *client_; }

  template <class T>
  Envelope Sign(int node, const T& value) const {
    return SignStatement(signer(node), roster_, NodeIndex{static_cast<uint16_t>(node)}, value);
  }
  // A validly signed envelope around any bytes.
  Envelope SignBody(int node, Kind kind, std::string body) const {
    Envelope e{kind, static_cast<uint32_t>(node), std::move(body), {}};
    e.signature = signer(node).Sign(KindName(kind), roster_.cluster_id(), e.body);
    return e;
  }
  // Votes as long as Votes may be: protobuf takes a field that comes again. REQUIRES: seq < 128.
  Envelope SignPadded(int node, const Votes& votes) const {
    std::string body = EncodeBody(votes);
    while (body.size() + 2 <= limits::kMaxVotesBytes) {
      body += {'\x10', static_cast<char>(votes.seq)};
    }
    return SignBody(node, Kind::kVotes, std::move(body));
  }
  Envelope SignQueryBody(std::string body) const {
    Envelope e{Kind::kQuery, kClientAuthor, std::move(body), {}};
    e.signature = client().Sign("query", roster_.cluster_id(), e.body);
    return e;
  }

  Query MakeQuery(const std::string& question = "What is the capital of Peru?") const {
    Query query;
    query.client_key = client().public_key();
    query.messages = {{"system", "Answer in one sentence."}, {"user", question}};
    query.nonce = std::string(16, 'n');
    query.expiry_unix_ms = 1'800'000'000'000;
    return query;
  }

 private:
  template <class Adjust>
  static Roster Make(int n, uint8_t seed, std::vector<std::unique_ptr<Signer>>* signers,
                     Adjust adjust) {
    std::vector<RosterNode> nodes;
    RosterParameters parameters;
    parameters.criteria = PaperCriteria();
    for (int i = 0; i < n; ++i) {
      signers->push_back(TestSigner(seed, static_cast<uint8_t>(i)));
      RosterNode node;
      node.name = "node-" + std::to_string(i);
      node.key = signers->back()->public_key();
      nodes.push_back(std::move(node));
    }
    adjust(nodes, parameters);
    return Roster(1, std::move(nodes), std::move(parameters));
  }

  std::vector<std::unique_ptr<Signer>> signers_;
  Roster roster_;
  std::unique_ptr<Signer> client_;
};

inline RoundId TestRound(std::string_view name) { return RoundId{Sha256(name)}; }

}  // namespace decentd::testing
