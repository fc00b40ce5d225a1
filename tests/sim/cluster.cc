#include "tests/sim/cluster.h"

#include <algorithm>
#include <array>

#include "crypto/ed25519_signer.h"
#include "node/codec/peer_codec.h"
#include "node/core/bytes.h"
#include "tests/sim/random.h"
#include "tests/sim/signatures.h"

namespace decentd::sim {
namespace {

std::unique_ptr<Signer> MakeSigner(bool real, uint64_t number) {
  if (!real) return StandInSigner(number);
  std::array<uint8_t, 32> seed{};
  seed[0] = static_cast<uint8_t>(number);
  seed[1] = static_cast<uint8_t>(number >> 8);
  return SignerFromSeed(seed);
}

}  // namespace

Cluster::Cluster(const Plan& plan, SignatureCounts* counts)
    : scheme_(plan.real_signatures ? &Ed25519Scheme() : &StandInScheme()),
      client_(MakeSigner(plan.real_signatures, 0xFFFF)) {
  if (counts != nullptr) {
    counting_ = std::make_unique<CountingScheme>(*scheme_, *counts);
    scheme_ = counting_.get();
  }
  const auto has = [](const std::vector<int>& nodes, int node) {
    return std::ranges::find(nodes, node) != nodes.end();
  };
  std::vector<RosterNode> nodes;
  for (int i = 0; i < plan.n; ++i) {
    signers_.push_back(MakeSigner(plan.real_signatures, static_cast<uint64_t>(i)));
    if (counts != nullptr) {
      signers_.back() = std::make_unique<CountingSigner>(std::move(signers_.back()), *counts);
    }
    RosterNode node;
    node.name = "node-" + std::to_string(i);
    node.key = signers_.back()->public_key();
    node.worker = !has(plan.only_evaluators, i);
    node.evaluator = !has(plan.only_workers, i);
    nodes.push_back(std::move(node));
  }
  roster_ = std::make_unique<const Roster>(1, std::move(nodes), plan.parameters);
}

Envelope Cluster::SignQuery(const std::string& question, uint64_t number, int64_t expiry_unix_ms,
                            int committee) const {
  Query query;
  query.client_key = client_->public_key();
  query.messages = {{"user", question}};
  ByteWriter nonce;
  nonce.U64(0);
  nonce.U64(number);
  query.nonce = nonce.bytes();
  query.expiry_unix_ms = expiry_unix_ms;
  query.committee = static_cast<uint32_t>(committee);
  Envelope envelope{Kind::kQuery, kClientAuthor, EncodeBody(query), {}};
  envelope.signature = client_->Sign(KindName(Kind::kQuery), roster_->cluster_id(), envelope.body);
  return envelope;
}

}  // namespace decentd::sim
