// Who lies in a drill, how many liars the roster promises to withstand, and how a round counts.
// Pure, thread-safe.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "node/core/roster.h"
#include "node/proof/verify.h"

namespace decentd::drill {

// As many nodes as asked for with the real ones' names, roles, owners and families in their order,
// from the first again where there are more. Without keys and addresses.
std::vector<RosterNode> NodesLike(const Roster& real, int count);

// All nodes in the order in which they become liars: those that answer and judge before others, the
// last ones first. Where no node does both, one that answers and then those that judge.
std::vector<NodeIndex> LiarsInOrder(const Roster& roster);

// The most that may lie of that order: no more than f in all, f_W who answer, f_E who judge.
int Withstands(const Roster& roster, const std::vector<NodeIndex>& order);

enum class RoundEnd : uint8_t {
  kHonestWon,   // an honest node's answer, also where a liar proposed the same text
  kLiarsWon,
  kNoDecision,  // too few answers or score sheets, or no end in time
  kSplit,       // honest nodes decided differently: the protocol failed
};

struct DrillRound {
  RoundEnd end = RoundEnd::kNoDecision;
  std::string round_id;
  std::string winner;            // name of the node in whose slot the winning answer is
  bool winner_is_liar = false;   // also true of a copier that won with an honest text
  std::string answer;            // the winning text
  std::string reason;            // why there was no decision
  double seconds = 0;            // from asking to the proof, or to giving up
};

// How a round that ended counts; round_id and seconds are left to the caller.
DrillRound HowItEnded(const CheckedBundle& bundle, const std::set<NodeIndex>& liars);

}  // namespace decentd::drill
