// The short words in which a run is told: n1 is node 1, A1 its answer, S1 its sheet, 1.3 the Votes
// that it numbered 3, D1 its Decision. Of two different ones under one name the second is A1'.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "node/codec/verifier.h"
#include "node/core/message.h"
#include "node/runtime/replica.h"

namespace decentd::sim {

std::string Name(NodeIndex node);    // n1
std::string Name(Phase phase);       // A
std::string Name(const Slot& slot);  // A1

std::string Words(TimerType type);
std::string Words(Closed closed);  // after "ends A", and empty where nobody was given up

// Keeps which statement has which name.
class StatementNames {
 public:
  struct Named {
    std::string name;
    bool first;  // it was not named before
  };
  Named Of(const AnyVerified& statement);
  // What is in it.
  std::string Content(const AnyVerified& statement) const;

 private:
  // Those of one kind and value together: "ECHO A0 A2; AUX[1] {1} A1". An echo is of the proposal
  // that it names; a question mark where nobody has shown that.
  std::string VotesInWords(const Votes& votes) const;

  std::map<std::pair<uint32_t, Digest>, std::string> names_;  // by author and digest of the body
  std::map<std::pair<std::string, Digest>, int> count_;       // of one name in one round
  // Two Abstains of one reason are one digest, so the slot is in the key.
  std::map<std::pair<Digest, Slot>, std::string> proposals_;
};

}  // namespace decentd::sim
