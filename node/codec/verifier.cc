#include "node/codec/verifier.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "node/codec/peer_codec.h"
#include "node/core/bytes.h"
#include "node/core/check.h"

namespace decentd {
namespace {

constexpr size_t kSignatureBytes = 64;

// Names an envelope by all of its bytes; fixed-width parts first, so that no two envelopes share
// it.
Digest EnvelopeDigest(const Envelope& envelope, const Digest& body_digest) {
  ByteWriter bytes;
  bytes.U8(static_cast<uint8_t>(envelope.kind));
  bytes.U32(envelope.author);
  bytes.Raw(body_digest.View());
  bytes.Raw(envelope.signature);
  return Sha256(bytes.bytes());
}

// What an entry keeps in memory: the body, its decoded value (votes grow most: a vote of a few
// bytes becomes a Vote), and the nodes of the map and the shared pointers.
size_t MemoryOf(const AnyVerified& value) {
  constexpr size_t kOverhead = 512;
  return kOverhead + std::visit(
                         [](const auto& verified) -> size_t {
                           const size_t body = verified.envelope()->body.size();
                           if constexpr (std::is_same_v<std::decay_t<decltype(*verified)>, Votes>) {
                             return body + verified->votes.size() * sizeof(Vote);
                           }
                           return 2 * body;
                         },
                         value);
}

bool HasEcho(const Votes& votes, const Slot& slot, const Digest& digest) {
  return std::any_of(votes.votes.begin(), votes.votes.end(), [&](const Vote& vote) {
    const auto* echo = std::get_if<vote::Echo>(&vote);
    return echo != nullptr && echo->slot == slot && echo->digest == digest;
  });
}

}  // namespace

// Two generations: full ones replace old ones whole, so the bound costs no list of recent use.
// What is found in the old generation moves to the new one.
class Verifier::Cache {
 public:
  explicit Cache(size_t entries) : generation_entries_(entries / 2) {}

  std::optional<AnyVerified> Find(const Digest& digest) {
    const std::lock_guard lock(mutex_);
    if (const auto found = recent_.find(digest); found != recent_.end()) {
      return found->second;
    }
    const auto found = old_.find(digest);
    if (found == old_.end()) return std::nullopt;
    AnyVerified value = found->second;
    Insert(digest, value);
    return value;
  }

  // The value to use: where another thread was first, its value, so that there is one.
  AnyVerified Add(const Digest& digest, AnyVerified value) {
    const std::lock_guard lock(mutex_);
    if (generation_entries_ == 0) return value;
    if (const auto found = recent_.find(digest); found != recent_.end()) {
      return found->second;
    }
    Insert(digest, value);
    return value;
  }

 private:
  // Seeded anew in each process (absl::Hash), so that no peer can grind collisions; every envelope
  // is looked up, and a tree of this many digests costs a tenth of what a signature does.
  struct Hash {
    size_t operator()(const Digest& digest) const { return absl::HashOf(digest.View()); }
  };
  using Map = absl::flat_hash_map<Digest, AnyVerified, Hash>;

  // REQUIRES: the mutex is held.
  void Insert(const Digest& digest, const AnyVerified& value) {
    const size_t bytes = MemoryOf(value);
    if (recent_.size() >= generation_entries_ ||
        recent_bytes_ + bytes > limits::kMaxVerifierCacheBytes / 2) {
      old_ = std::exchange(recent_, {});
      recent_bytes_ = 0;
    }
    recent_.emplace(digest, value);
    recent_bytes_ += bytes;
  }

  const size_t generation_entries_;
  std::mutex mutex_;  // guards what follows
  Map recent_;
  Map old_;
  size_t recent_bytes_ = 0;
};

Verifier::Verifier(const Roster& roster, const SignatureScheme& scheme, size_t cache_entries)
    : roster_(roster), scheme_(scheme), cache_(std::make_unique<Cache>(cache_entries)) {}

Verifier::~Verifier() = default;

std::optional<FaultKind> Verifier::CheckShape(const Envelope& envelope) const {
  if (envelope.body.size() > MaxBodyBytes(envelope.kind)) return FaultKind::kTooLarge;
  const bool known = envelope.kind == Kind::kQuery
                         ? envelope.author == kClientAuthor
                         : envelope.author < static_cast<uint32_t>(roster_.n());
  if (!known) return FaultKind::kUnknownAuthor;
  if (envelope.signature.size() != kSignatureBytes) return FaultKind::kBadSignature;
  return std::nullopt;
}

std::variant<AnyVerified, FaultKind> Verifier::Decode(std::shared_ptr<const Envelope> envelope,
                                                      const Digest& body_digest) const {
  const auto made = [&](auto value) -> std::variant<AnyVerified, FaultKind> {
    if (!value) return FaultKind::kUndecodable;
    using T = typename decltype(value)::value_type;
    return AnyVerified(
        Verified<T>(std::make_shared<const T>(std::move(*value)), envelope, body_digest));
  };
  const std::string_view body = envelope->body;
  switch (envelope->kind) {
    case Kind::kQuery:
      return made(DecodeQuery(body));
    case Kind::kSponsor:
      return made(DecodeSponsor(body));
    case Kind::kVotes:
      return made(DecodeVotes(roster_, body));
    case Kind::kDecision:
      return made(DecodeDecision(body));
    case Kind::kHeartbeat:
      return made(DecodeHeartbeat(body));
    case Kind::kPropose: {
      std::optional<Propose> propose = DecodePropose(roster_, body);
      const NodeIndex author{static_cast<uint16_t>(envelope->author)};
      if (propose && !roster_.panel(propose->phase).Has(author)) return FaultKind::kWrongRole;
      return made(std::move(propose));
    }
  }
  return FaultKind::kUndecodable;
}

bool Verifier::IsSigned(const PublicKey& key, const Envelope& envelope) const {
  signatures_verified_.fetch_add(1, std::memory_order_relaxed);
  return scheme_.Verify(key, KindName(envelope.kind), roster_.cluster_id(), envelope.body,
                        envelope.signature);
}

std::variant<AnyVerified, FaultKind> Verifier::Verify(Envelope envelope) const {
  if (const std::optional<FaultKind> fault = CheckShape(envelope)) return *fault;
  const Digest body_digest = Sha256(envelope.body);
  const Digest digest = EnvelopeDigest(envelope, body_digest);
  if (std::optional<AnyVerified> known = cache_->Find(digest)) return *std::move(known);

  const auto shared = std::make_shared<const Envelope>(std::move(envelope));
  if (shared->kind != Kind::kQuery) {
    const NodeIndex author{static_cast<uint16_t>(shared->author)};
    if (!IsSigned(roster_.node(author).key, *shared)) return FaultKind::kBadSignature;
  }
  std::variant<AnyVerified, FaultKind> result = Decode(shared, body_digest);
  const auto* value = std::get_if<AnyVerified>(&result);
  if (value == nullptr) return result;
  if (const auto* query = std::get_if<Verified<Query>>(value)) {
    if (!IsSigned((*query)->client_key, *shared)) return FaultKind::kBadSignature;
  }
  return cache_->Add(digest, *value);
}

AnyVerified Verifier::TrustOwn(Envelope envelope) const {
  const Digest body_digest = Sha256(envelope.body);
  const Digest digest = EnvelopeDigest(envelope, body_digest);
  if (std::optional<AnyVerified> known = cache_->Find(digest)) return *std::move(known);
  const auto shared = std::make_shared<const Envelope>(std::move(envelope));
  std::variant<AnyVerified, FaultKind> result = Decode(shared, body_digest);
  auto* value = std::get_if<AnyVerified>(&result);
  Require(value != nullptr, "a statement of this node decodes");
  return cache_->Add(digest, std::move(*value));
}

std::variant<VerifiedCertificate, FaultKind> Verifier::VerifyCertificate(
    const RoundId& round, const Slot& slot, const Digest& digest,
    std::vector<Envelope> votes) const {
  // What costs no signature comes first.
  if (votes.size() != static_cast<size_t>(roster_.quorum())) return FaultKind::kInvalidCertificate;
  NodeSet authors;
  for (const Envelope& envelope : votes) {
    if (envelope.kind != Kind::kVotes) return FaultKind::kInvalidCertificate;
    if (const std::optional<FaultKind> fault = CheckShape(envelope)) return *fault;
    if (!authors.Add(NodeIndex{static_cast<uint16_t>(envelope.author)})) {
      return FaultKind::kInvalidCertificate;
    }
  }
  std::vector<Verified<Votes>> verified;
  verified.reserve(votes.size());
  for (Envelope& envelope : votes) {
    std::variant<AnyVerified, FaultKind> result = Verify(std::move(envelope));
    if (const auto* fault = std::get_if<FaultKind>(&result)) return *fault;
    verified.push_back(std::get<Verified<Votes>>(std::get<AnyVerified>(std::move(result))));
  }
  std::optional<VerifiedCertificate> certificate =
      AssembleCertificate(round, slot, digest, std::move(verified));
  if (!certificate) return FaultKind::kInvalidCertificate;
  return *std::move(certificate);
}

std::optional<VerifiedCertificate> Verifier::AssembleCertificate(
    const RoundId& round, const Slot& slot, const Digest& digest,
    std::vector<Verified<Votes>> votes) const {
  if (votes.size() != static_cast<size_t>(roster_.quorum())) return std::nullopt;
  NodeSet authors;
  for (const Verified<Votes>& v : votes) {
    if (!authors.Add(v.author()) || v->round != round || !HasEcho(*v, slot, digest)) {
      return std::nullopt;
    }
  }
  return VerifiedCertificate(round, slot, digest, std::move(votes));
}

}  // namespace decentd
