#include "node/core/verdict.h"

#include <gtest/gtest.h>

namespace decentd {
namespace {

Verdict SomeVerdict() {
  Verdict v;
  v.winner = Sha256("winner");
  v.answers = Sha256("answers");
  v.sheets = Sha256("sheets");
  v.answer_count = 3;
  v.sheet_count = 0x0102;
  v.workers = 4;
  v.evaluators = 0x0203;
  v.rule = Rule::kDuels;
  v.result = Sha256("result");
  return v;
}

TEST(Verdict, ComesBackFromItsBytes) {
  const Verdict v = SomeVerdict();
  EXPECT_EQ(Verdict::Decode(v.Encode()), v);
  Verdict failed;
  failed.outcome = Outcome::kTooFewSheets;
  failed.answers = Sha256("answers");
  EXPECT_EQ(Verdict::Decode(failed.Encode()), failed);
}

TEST(Verdict, HasOneFixedEncoding) {
  const std::string bytes = SomeVerdict().Encode();
  // version, outcome, three digests, four counts, rule, result
  ASSERT_EQ(bytes.size(), 1u + 1 + 3 * 32 + 4 * 2 + 1 + 32);
  EXPECT_EQ(bytes.substr(0, 2), std::string("\x01\x01"));
  EXPECT_EQ(bytes.substr(2, 32), Sha256("winner").View());
  EXPECT_EQ(bytes.substr(98, 8), std::string("\x00\x03\x01\x02\x00\x04\x02\x03", 8));
  EXPECT_EQ(bytes[106], 3);
  EXPECT_EQ(bytes.substr(107), Sha256("result").View());
}

TEST(Verdict, EveryByteIsBound) {
  const std::string bytes = SomeVerdict().Encode();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 0x40);
    const auto decoded = Verdict::Decode(other);
    if (decoded) {
      EXPECT_EQ(decoded->Encode(), other) << i;
    }
    EXPECT_NE(decoded, SomeVerdict()) << i;
  }
}

TEST(Verdict, RefusesWhatEncodeDoesNotMake) {
  const std::string bytes = SomeVerdict().Encode();
  EXPECT_FALSE(Verdict::Decode("").has_value());
  EXPECT_FALSE(Verdict::Decode(bytes.substr(1)).has_value());
  EXPECT_FALSE(Verdict::Decode(bytes.substr(0, bytes.size() - 1)).has_value());
  EXPECT_FALSE(Verdict::Decode(bytes + "x").has_value());
  for (const auto& [position, value] :
       {std::pair<size_t, char>{0, 2}, {1, 0}, {1, 4}, {106, 0}, {106, 9}}) {
    std::string other = bytes;
    other[position] = value;
    EXPECT_FALSE(Verdict::Decode(other).has_value()) << position;
  }
}

TEST(Verdict, AFailedRoundHasNeitherWinnerNorResult) {
  Verdict failed;
  failed.outcome = Outcome::kTooFewAnswers;
  failed.winner = Sha256("winner");
  EXPECT_FALSE(Verdict::Decode(failed.Encode()).has_value());
  failed.winner = Digest{};
  failed.result = Sha256("result");
  EXPECT_FALSE(Verdict::Decode(failed.Encode()).has_value());
}

TEST(DigestOfSet, IsOfSlotsAndDigestsInOrder) {
  const Digest a = Sha256("a"), b = Sha256("b");
  EXPECT_EQ(DigestOfSet({}), Sha256(""));
  EXPECT_EQ(DigestOfSet({{NodeIndex{1}, a}, {NodeIndex{0x0102}, b}}),
            Sha256(std::string("\x00\x01", 2) + std::string(a.View()) + "\x01\x02" +
                   std::string(b.View())));
  EXPECT_NE(DigestOfSet({{NodeIndex{1}, a}}), DigestOfSet({{NodeIndex{2}, a}}));
}

TEST(Outcome, HasNamesForPeople) {
  EXPECT_EQ(OutcomeName(Outcome::kDecided), "decided");
  EXPECT_EQ(OutcomeName(Outcome::kTooFewAnswers), "too_few_answers");
  EXPECT_EQ(OutcomeName(Outcome::kTooFewSheets), "too_few_sheets");
}

}  // namespace
}  // namespace decentd
