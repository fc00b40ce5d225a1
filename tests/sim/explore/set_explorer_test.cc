// Sections 4 to 6 of docs/SPEC.md over everything that can happen, as far as it is explored.
#include "tests/sim/explore/set_explorer.h"

#include <gtest/gtest.h>

#include "tests/sim/explore/expect_nothing_found.h"

namespace decentd::explore {
namespace {

TEST(SetExplorer, TheLiarsSlotAloneAgreesInTheFirstRoundAndEverybodyEnds) {
  const Exploration result = ExploreSet({.panel = 1});
  ExpectNothingFound(result);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.quiet, 0u);
}

TEST(SetExplorer, TwoSlotsAgreeWhereTheLiarLiesInProposalsAndEchoesOnly) {
  const Exploration result = ExploreSet({.panel = 2, .liar_votes = false});
  ExpectNothingFound(result);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.quiet, 0u);
}

// Up to where everybody has ended, though not in every way.
TEST(SetExplorer, ThePartOfTwoSlotsThatIsSpreadEvenly) {
  const Exploration result = ExploreSet({.panel = 2, .bounds = {.per_depth = 200}});
  ExpectNothingFound(result);
  EXPECT_GT(result.quiet, 0u);
}

TEST(SetExplorer, ThePartOfTwoRoundsThatIsSpreadEvenly) {
  const Exploration result = ExploreSet({.panel = 1, .rounds = 2, .bounds = {.per_depth = 100}});
  ExpectNothingFound(result);
  EXPECT_GT(result.quiet, 0u);
}

// What the reductions leave out leads to nothing else that honest nodes say: those of broadcasts
// and of the clock where the liar is silent in binary agreements, those of votes where it is not.
TEST(SetExplorer, ReductionsLoseNothing) {
  SetScope scope{.panel = 1, .two_proposals = false, .liar_votes = false};
  const Exploration reduced = ExploreSet(scope);
  scope.reduce = scope.reduce_votes = false;
  Exploration plain = ExploreSet(scope);
  ExpectNothingFound(reduced);
  ExpectNothingFound(plain);
  EXPECT_TRUE(plain.complete);
  std::erase_if(plain.said, [](const SaidByAll& said) { return !AllEntered(said); });
  EXPECT_EQ(reduced.said, plain.said);
  EXPECT_LT(10 * reduced.states, plain.states);
}

TEST(SetExplorer, ReductionsOfVotesLoseNothing) {
  SetScope scope{.panel = 1, .two_proposals = false};
  const Exploration reduced = ExploreSet(scope);
  scope.reduce_votes = false;
  const Exploration plain = ExploreSet(scope);
  ExpectNothingFound(plain);
  EXPECT_TRUE(plain.complete);
  EXPECT_EQ(reduced.said, plain.said);
  EXPECT_LT(4 * reduced.states, plain.states);
}

}  // namespace
}  // namespace decentd::explore
