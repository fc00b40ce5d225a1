#include "node/codec/record_codec.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "decentd/store/v1/store.pb.h"
#include "node/codec/peer_codec.h"
#include "node/codec/verifier.h"

namespace decentd {
namespace {

bool HaveConflictingEchoes(const Votes& first, const Votes& second) {
  std::map<Slot, Digest> echoed;
  for (const Vote& vote : first.votes) {
    if (const auto* echo = std::get_if<vote::Echo>(&vote)) echoed.emplace(echo->slot, echo->digest);
  }
  for (const Vote& vote : second.votes) {
    const auto* echo = std::get_if<vote::Echo>(&vote);
    if (echo == nullptr) continue;
    const auto found = echoed.find(echo->slot);
    if (found != echoed.end() && found->second != echo->digest) return true;
  }
  return false;
}

// The statement in an envelope that this author signed.
template <class T>
absl::StatusOr<Verified<T>> Statement(const Verifier& verifier, NodeIndex author,
                                      const std::shared_ptr<const Envelope>& envelope,
                                      const std::string& which) {
  if (envelope == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("the ", which, " envelope is missing"));
  }
  if (envelope->author != author.value) {
    return absl::InvalidArgumentError(absl::StrCat("the ", which, " envelope names author ",
                                                   envelope->author, ", expected node ",
                                                   author.value));
  }
  std::variant<AnyVerified, FaultKind> result = verifier.Verify(*envelope);
  if (const auto* fault = std::get_if<FaultKind>(&result)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", which, " envelope does not verify: ", std::string(FaultName(*fault))));
  }
  auto* statement = std::get_if<Verified<T>>(&std::get<AnyVerified>(result));
  if (statement == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("the ", which, " envelope is of kind ",
                                                   std::string(KindName(envelope->kind)),
                                                   ", which this type of evidence does not take"));
  }
  return std::move(*statement);
}

template <class T, class Conflict>
absl::Status CheckPair(const Verifier& verifier, const Evidence& evidence, Conflict conflict) {
  const auto first = Statement<T>(verifier, evidence.author, evidence.first, "first");
  if (!first.ok()) return first.status();
  const auto second = Statement<T>(verifier, evidence.author, evidence.second, "second");
  if (!second.ok()) return second.status();
  if ((*first)->round != (*second)->round) {
    return absl::InvalidArgumentError("the two envelopes belong to different rounds");
  }
  return conflict(*first, *second);
}

}  // namespace

std::string_view EvidenceName(Evidence::Type type) {
  switch (type) {
    case Evidence::Type::kProposals:
      return "proposals";
    case Evidence::Type::kVotes:
      return "votes";
    case Evidence::Type::kEchoes:
      return "echoes";
  }
  return "unknown";
}

std::string EncodeEvidence(const Evidence& evidence, const RoundId& round, int64_t unix_ms) {
  store::v1::StoredEvidence proto;
  proto.set_type(static_cast<uint32_t>(evidence.type));
  proto.set_author(evidence.author.value);
  proto.mutable_round_id()->assign(round.digest.View());
  proto.set_unix_ms(unix_ms);
  ToProto(*evidence.first, proto.mutable_first());
  ToProto(*evidence.second, proto.mutable_second());
  return proto.SerializeAsString();
}

absl::StatusOr<EvidenceRecord> DecodeEvidence(std::string_view bytes) {
  store::v1::StoredEvidence proto;
  if (bytes.size() > limits::kMaxFrameBytes ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("not an evidence record: the bytes do not parse");
  }
  const std::optional<Digest> round = Digest::FromBytes(proto.round_id());
  std::optional<Envelope> first = FromProto(std::move(*proto.mutable_first()));
  std::optional<Envelope> second = FromProto(std::move(*proto.mutable_second()));
  if (proto.type() < static_cast<uint32_t>(Evidence::Type::kProposals) ||
      proto.type() > static_cast<uint32_t>(Evidence::Type::kEchoes) ||
      proto.author() >= limits::kMaxNodes || !round || !first || !second) {
    return absl::InvalidArgumentError(
        "not an evidence record: expected a type, an author, a round and two envelopes");
  }
  Evidence evidence{static_cast<Evidence::Type>(proto.type()),
                    NodeIndex{static_cast<uint16_t>(proto.author())},
                    std::make_shared<const Envelope>(*std::move(first)),
                    std::make_shared<const Envelope>(*std::move(second))};
  return EvidenceRecord{std::move(evidence), RoundId{*round}, proto.unix_ms()};
}

absl::Status VerifyEvidence(const Roster& roster, const SignatureScheme& scheme,
                            const Evidence& evidence) {
  const Verifier verifier(roster, scheme, 0);
  switch (evidence.type) {
    case Evidence::Type::kProposals:
      return CheckPair<Propose>(
          verifier, evidence, [](const Verified<Propose>& a, const Verified<Propose>& b) {
            if (a->phase != b->phase) {
              return absl::InvalidArgumentError("the two proposals are for different phases");
            }
            if (a.body_digest() == b.body_digest()) {
              return absl::InvalidArgumentError("the two proposals are the same");
            }
            return absl::OkStatus();
          });
    case Evidence::Type::kVotes:
      return CheckPair<Votes>(
          verifier, evidence, [](const Verified<Votes>& a, const Verified<Votes>& b) {
            if (a->seq != b->seq) {
              return absl::InvalidArgumentError(absl::StrCat("the two Votes have the numbers ",
                                                             a->seq, " and ", b->seq,
                                                             ", expected one number"));
            }
            if (a.body_digest() == b.body_digest()) {
              return absl::InvalidArgumentError("the two Votes are the same");
            }
            return absl::OkStatus();
          });
    case Evidence::Type::kEchoes:
      return CheckPair<Votes>(verifier, evidence,
                              [](const Verified<Votes>& a, const Verified<Votes>& b) {
                                if (!HaveConflictingEchoes(*a, *b)) {
                                  return absl::InvalidArgumentError(
                                      "the two Votes do not echo different digests for one slot");
                                }
                                return absl::OkStatus();
                              });
  }
  return absl::InvalidArgumentError("the type of the evidence is unknown");
}

}  // namespace decentd
