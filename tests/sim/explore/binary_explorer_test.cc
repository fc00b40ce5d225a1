// Sections 5 and 14 of docs/SPEC.md over everything that can happen, as far as it is explored.
#include "tests/sim/explore/binary_explorer.h"

#include <gtest/gtest.h>

#include "tests/sim/explore/expect_nothing_found.h"

namespace decentd::explore {
namespace {

TEST(BinaryExplorer, TheFirstRoundAgreesAndNobodyWaitsForEver) {
  const Exploration result = ExploreBinary({.last = 1});
  ExpectNothingFound(result);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.quiet, 0u);
}

TEST(BinaryExplorer, ThePartOfTheSecondAndThirdRoundThatTheDeadlocksNeed) {
  for (const int zeros : {0, 1, 2}) {
    const BinaryScope scope{.first = 2,
                            .last = 3,
                            .estimates = {zeros < 1, zeros < 2, zeros < 3},
                            .bounds = {.states = 220'000}};
    const Exploration result = ExploreBinary(scope);
    ExpectNothingFound(result);
    EXPECT_EQ(result.complete, zeros == 0);
  }
}

TEST(BinaryExplorer, WithoutACertificateOnlyZeroIsDecided) {
  const Exploration result = ExploreBinary({.last = 2, .certificate = false});
  ExpectNothingFound(result);
  EXPECT_TRUE(result.complete);
}

TEST(BinaryExplorer, ThePartOfTwoRoundsThatTheDeadlocksNeed) {
  const Exploration result = ExploreBinary({.last = 2, .bounds = {.states = 500'000}});
  ExpectNothingFound(result);
}

// What the reductions leave out leads to nothing else that honest nodes say.
TEST(BinaryExplorer, ReductionsLoseNothing) {
  for (const bool certificate : {false, true}) {
    const Exploration reduced = ExploreBinary({.last = 1, .certificate = certificate});
    const Exploration plain =
        ExploreBinary({.last = 1, .certificate = certificate, .reduce = false});
    ExpectNothingFound(plain);
    EXPECT_TRUE(plain.complete);
    EXPECT_EQ(reduced.said, plain.said);
    EXPECT_LT(10 * reduced.states, plain.states * (certificate ? 1 : 10));
  }
}

}  // namespace
}  // namespace decentd::explore
