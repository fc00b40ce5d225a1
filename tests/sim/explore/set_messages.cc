#include "tests/sim/explore/set_messages.h"

#include <algorithm>
#include <string>
#include <utility>

#include "node/codec/peer_codec.h"

namespace decentd::explore {
namespace {

class NoSignatures final : public SignatureScheme {
 public:
  bool Verify(const PublicKey&, std::string_view, const Digest&, std::string_view,
              std::string_view) const override {
    return true;
  }
};
const NoSignatures kNoSignatures;

const RoundId& TheRound() {
  static const RoundId round{Sha256("explored")};
  return round;
}

uint32_t KeyOf(const Word& word) {
  return static_cast<uint32_t>(word.type) << 24 | static_cast<uint32_t>(word.slot) << 20 |
         static_cast<uint32_t>(word.sender) << 12 | static_cast<uint32_t>(word.round) << 4 |
         word.values;
}

}  // namespace

SetMessages::SetMessages(const Roster& roster)
    : roster_(roster), verifier_(roster, kNoSignatures) {
  roster.panel(Phase::kAnswer).ForEach([&](NodeIndex author) { authors_.push_back(author); });
}

int SetMessages::Place(NodeIndex author) const {
  return static_cast<int>(std::ranges::find(authors_, author) - authors_.begin());
}

template <class T>
Verified<T> SetMessages::Verify(int sender, const T& value) {
  Envelope envelope{KindOf(value), static_cast<uint32_t>(sender), EncodeBody(value),
                    std::string(64, '\0')};
  return std::get<Verified<T>>(std::get<AnyVerified>(verifier_.Verify(std::move(envelope))));
}

const Verified<Propose>& SetMessages::Proposal(int place, ValueMask digest) {
  const uint32_t key = KeyOf({Word::Type::kPropose, 0, 0, digest, static_cast<uint8_t>(place)});
  if (const auto it = proposals_.find(key); it != proposals_.end()) return it->second;
  const Answer answer{digest == 1 ? "A" : "B", "model", "stop", {}};
  const Propose propose{TheRound(), Phase::kAnswer, answer};
  return proposals_.emplace(key, Verify(slot(place).author.value, propose)).first->second;
}

ValueMask SetMessages::DigestOf(int slot, const Digest& digest) {
  for (ValueMask one : {1, 2}) {
    if (Proposal(slot, one).body_digest() == digest) return one;
  }
  return 0;
}

const Verified<Votes>& SetMessages::Say(uint32_t key, int sender, Vote vote) {
  if (const auto it = votes_.find(key); it != votes_.end()) return it->second;
  // Numbered in the order of their making, which nothing here depends on.
  const Votes votes{TheRound(), votes_.size(), {std::move(vote)}};
  return votes_.emplace(key, Verify(sender, votes)).first->second;
}

const Verified<Votes>& SetMessages::Enter(int sender) {
  return Say(KeyOf({Word::Type::kEnter, static_cast<uint8_t>(sender)}), sender,
             vote::Enter{Phase::kAnswer});
}

const Verified<Votes>& SetMessages::Echo(int sender, int place, ValueMask digest) {
  return Say(KeyOf({Word::Type::kEchoes, static_cast<uint8_t>(sender), 0, digest,
                    static_cast<uint8_t>(place)}),
             sender, vote::Echo{slot(place), Proposal(place, digest).body_digest()});
}

const Verified<Votes>& SetMessages::VoteOf(const Word& word) {
  const Slot of = slot(word.slot);
  switch (word.type) {
    case Word::Type::kEst:
      return Say(KeyOf(word), word.sender, vote::Est{of, word.round, word.values == 2});
    case Word::Type::kAux:
      return Say(KeyOf(word), word.sender, vote::Aux{of, word.round, word.values});
    default:
      return Say(KeyOf(word), word.sender, vote::Decided{of, word.values == 2});
  }
}

const VerifiedCertificate& SetMessages::Certificate(int place, ValueMask digest, uint8_t signers) {
  const uint32_t key =
      KeyOf({Word::Type::kCertificate, signers, 0, digest, static_cast<uint8_t>(place)});
  if (const auto it = certificates_.find(key); it != certificates_.end()) return it->second;
  std::vector<Verified<Votes>> echoes;
  for (int sender = 0; sender < kSenders; ++sender) {
    if (signers >> sender & 1) echoes.push_back(Echo(sender, place, digest));
  }
  auto certificate = verifier_.AssembleCertificate(
      TheRound(), slot(place), Proposal(place, digest).body_digest(), std::move(echoes));
  return certificates_.emplace(key, *std::move(certificate)).first->second;
}

}  // namespace decentd::explore
