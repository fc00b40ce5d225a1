// The arithmetic of node/core/limits.h against the bytes that are really made.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "node/codec/peer_codec.h"
#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using testing::TestCluster;
using testing::TestRound;

constexpr uint16_t kLast = limits::kMaxNodes - 1;

std::string Body(int n, std::vector<Vote> votes) {
  return EncodeBody(Votes{TestRound("r"), limits::MaxVotesBodies(n) - 1, std::move(votes)});
}

// All that a node can come to say in a round, with the largest numbers in each.
std::vector<Vote> EveryVote(int n, NodeIndex self) {
  std::vector<Vote> votes;
  for (Phase phase : {Phase::kAnswer, Phase::kSheet}) {
    votes.push_back(vote::Enter{phase});
    for (uint16_t author = 0; author < n; ++author) {
      const Slot slot{phase, NodeIndex{author}};
      votes.push_back(vote::Echo{slot, Sha256("payload")});
      votes.push_back(vote::Decided{slot, true});
      for (uint32_t round = 1; round <= limits::kMaxBinaryRound; ++round) {
        votes.push_back(vote::Est{slot, round, false});
        if (round > 1) votes.push_back(vote::Est{slot, round, true});
        votes.push_back(vote::Aux{slot, round, 3});
        if (round >= 4 && (author + round) % static_cast<uint32_t>(n) == self.value) {
          votes.push_back(vote::Hint{slot, round, true});
        }
      }
    }
  }
  return votes;
}

TEST(Limits, VotesAreNoLongerThanIsReckonedWith) {
  const Slot slot{Phase::kSheet, NodeIndex{kLast}};
  const size_t head = Body(limits::kMaxNodes, {}).size();
  EXPECT_LE(head, limits::kVotesHeadBytes);
  const auto size = [&](const Vote& vote) { return Body(limits::kMaxNodes, {vote}).size() - head; };
  EXPECT_EQ(size(vote::Echo{slot, Sha256("x")}), limits::kEchoBytes);
  const uint32_t round = limits::kMaxBinaryRound;
  for (const Vote& vote : {Vote(vote::Enter{Phase::kSheet}), Vote(vote::Est{slot, round, true}),
                           Vote(vote::Aux{slot, round, 3}), Vote(vote::Hint{slot, round, true}),
                           Vote(vote::Decided{slot, true})}) {
    EXPECT_LE(size(vote), limits::kOtherVoteBytes);
  }
  const std::vector<Vote> most(limits::kMaxVotesInBody, vote::Echo{slot, Sha256("x")});
  EXPECT_LE(Body(limits::kMaxNodes, most).size(), MaxBodyBytes(Kind::kVotes));
}

TEST(Limits, AnHonestNodeStaysWithinItsBudgetWhateverHappens) {
  for (int n : {1, 2, 3, 4, 7, 28, 29, 30, 128}) {
    for (int self : {0, n / 2, n - 1}) {
      const auto votes = EveryVote(n, NodeIndex{static_cast<uint16_t>(self)});
      EXPECT_LE(votes.size(), limits::MostVotes(n)) << n;
      size_t bytes = 0;
      for (const Vote& vote : votes) bytes += Body(n, {vote}).size();
      EXPECT_LE(bytes, limits::MostVotesBytes(n)) << n;
    }
    EXPECT_LE(limits::MostVotes(n), limits::MaxVotesBodies(n)) << n;
    EXPECT_LE(limits::MostVotesBytes(n), limits::MaxVotesBytesPerRound(n)) << n;
  }
}

TEST(Limits, EveryRosterIsWithinItsBytes) {
  for (int n : {1, 4, 128}) {
    const TestCluster cluster(n, 1, [](std::vector<RosterNode>& nodes, RosterParameters& p) {
      const std::string label(limits::kMaxLabelBytes, 'l');
      for (size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].name = std::to_string(1000 + i) + std::string(limits::kMaxNodeNameBytes - 4, 'n');
        nodes[i].owner = nodes[i].model_family = label;
      }
      p.criteria.clear();
      for (size_t i = 0; i < limits::kMaxCriteria; ++i) {
        p.criteria.push_back(std::to_string(1000 + i) + label.substr(4));
      }
    });
    EXPECT_LE(cluster.roster().CanonicalBytes().size(), limits::MaxRosterBytes(n)) << n;
  }
}

}  // namespace
}  // namespace decentd
