// What a peer did wrong. Counted against the link it came from; never a crash, never a log flood.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace decentd {

enum class FaultKind : uint8_t {
  kUndecodable = 1,       // bytes that do not parse, or values outside their range
  kTooLarge = 2,          // beyond a bound of limits.h
  kUnknownAuthor = 3,     // index not in the roster, or a client key where a node's is due
  kBadSignature = 4,
  kWrongRole = 5,         // an answer of a node that is no worker, a sheet of no evaluator
  kInvalidSheet = 6,      // not for exactly the agreed answers
  kEquivocation = 7,      // two conflicting statements signed by one author (evidence)
  kInvalidCertificate = 8,
  kInvalidRecord = 9,
  kOverBudget = 10,       // more rounds or bytes than its share
};

std::string_view FaultName(FaultKind kind);

}  // namespace decentd
