// Decoders against tens of thousands of damaged bodies: whatever they accept is within its ranges
// and survives a second trip; nothing crashes. The seed is fixed.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "node/codec/peer_codec.h"
#include "node/codec/record_codec.h"
#include "node/codec/verifier.h"
#include "node/core/verdict.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using testing::TestCluster;
using testing::TestRound;

constexpr int kMutants = 20'000;

std::string Mutate(std::string bytes, std::mt19937& random) {
  const int changes = 1 + static_cast<int>(random() % 3);
  for (int i = 0; i < changes; ++i) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 5) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      case 1:
        if (!bytes.empty()) bytes[at] ^= static_cast<char>(1 << (random() % 8));
        break;
      case 2:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        if (!bytes.empty()) bytes.erase(at, 1 + random() % 4);
        break;
      default:
        bytes.append(bytes.substr(at, random() % 16));
        break;
    }
  }
  return bytes;
}

// Counts the accepted mutants; `decode` returns an optional.
template <class Decode>
int Torture(const std::string& good, Decode decode) {
  std::mt19937 random(20240607);
  EXPECT_TRUE(decode(good));
  int accepted = 0;
  for (int i = 0; i < kMutants; ++i) {
    const auto value = decode(Mutate(good, random));
    if (!value) continue;
    ++accepted;
    EXPECT_TRUE(decode(EncodeBody(*value))) << "what was accepted must encode to what is accepted";
  }
  return accepted;
}

TEST(Mutants, QueriesNeverCrashTheDecoder) {
  Query query = TestCluster(4).MakeQuery();
  query.sampling.temperature = 0.5;
  query.sampling.stop = {"a", "b"};
  const int accepted =
      Torture(EncodeBody(query), [](const std::string& b) { return DecodeQuery(b); });
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, kMutants);
}

TEST(Mutants, PayloadsNeverCrashTheDecoder) {
  const TestCluster cluster(4);
  const auto decode = [&](const std::string& b) { return DecodePropose(cluster.roster(), b); };
  Torture(EncodeBody(Propose{TestRound("r"), Phase::kAnswer, Answer{"Lima.", "m", "stop", {}}}),
          decode);
  Sheet sheet{Sha256("A"), {}, "judge", {}};
  for (uint16_t i = 0; i < 4; ++i) sheet.entries.push_back({NodeIndex{i}, {1, 200, 3000, 4, 5}});
  Torture(EncodeBody(Propose{TestRound("r"), Phase::kSheet, sheet}), decode);
}

TEST(Mutants, VotesNeverCrashTheDecoderAndStayInRange) {
  const TestCluster cluster(4);
  const Slot slot{Phase::kAnswer, NodeIndex{3}};
  const Votes votes{
      TestRound("r"),
      5,
      {vote::Enter{Phase::kSheet}, vote::Echo{slot, Sha256("x")}, vote::Est{slot, 2, false},
       vote::Aux{slot, 1, 3}, vote::Hint{slot, 4, true}, vote::Decided{slot, true}}};
  const auto decode = [&](const std::string& b) {
    std::optional<Votes> v = DecodeVotes(cluster.roster(), b);
    if (!v) return v;
    EXPECT_LT(v->seq, limits::MaxVotesBodies(4));
    for (const Vote& vote : v->votes) {
      if (const auto* aux = std::get_if<vote::Aux>(&vote)) {
        EXPECT_LT(aux->slot.author.value, 4);
        EXPECT_TRUE(aux->values >= 1 && aux->values <= 3);
        EXPECT_TRUE(aux->round >= 1 && aux->round <= limits::kMaxBinaryRound);
      }
    }
    return v;
  };
  EXPECT_GT(Torture(EncodeBody(votes), decode), 0);
}

TEST(Mutants, SmallStatementsNeverCrashTheDecoder) {
  Torture(EncodeBody(Sponsor{TestRound("r")}),
          [](const std::string& b) { return DecodeSponsor(b); });
  Torture(EncodeBody(Heartbeat{1, 2}), [](const std::string& b) { return DecodeHeartbeat(b); });
  Torture(EncodeBody(Decision{TestRound("r"), Verdict{}.Encode(), Closed::kSoft, Closed::kHard}),
          [](const std::string& b) { return DecodeDecision(b); });
}

TEST(Mutants, EvidenceRecordsNeverCrashTheDecoder) {
  const TestCluster cluster(4);
  const auto votes = [&](const char* payload) {
    return std::make_shared<const Envelope>(cluster.Sign(
        1,
        Votes{TestRound("r"), 0, {vote::Echo{{Phase::kAnswer, NodeIndex{0}}, Sha256(payload)}}}));
  };
  const Evidence evidence{Evidence::Type::kEchoes, NodeIndex{1}, votes("a"), votes("b")};
  const std::string good = EncodeEvidence(evidence, TestRound("r"), 1);
  std::mt19937 random(20240607);
  for (int i = 0; i < 5'000; ++i) {
    const auto record = DecodeEvidence(Mutate(good, random));
    if (record.ok()) {
      // Ed25519 leaves a changed body no valid signature; all that may change is the record's own.
      const absl::Status status =
          VerifyEvidence(cluster.roster(), Ed25519Scheme(), record->evidence);
      if (status.ok()) {
        EXPECT_EQ(record->evidence.author, NodeIndex{1});
      }
    }
  }
}

// Signed by members, so that the mutants reach the parser behind the signature.
TEST(Mutants, SignedMutantsNeverCrashTheVerifier) {
  const TestCluster cluster(4);
  const Verifier verifier(cluster.roster(), Ed25519Scheme());
  const std::string good = EncodeBody(
      Votes{TestRound("r"), 0, {vote::Echo{{Phase::kAnswer, NodeIndex{0}}, Sha256("x")}}});
  std::mt19937 random(20240607);
  int accepted = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto kind = static_cast<Kind>(2 + random() % 5);
    const auto result = verifier.Verify(cluster.SignBody(1, kind, Mutate(good, random)));
    accepted += std::holds_alternative<AnyVerified>(result);
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 2'000);
}

}  // namespace
}  // namespace decentd
