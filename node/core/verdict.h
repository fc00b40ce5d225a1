// The outcome of a round as canonical bytes: what Decisions sign and compare (SPEC, section 9).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/core/ids.h"
#include "node/core/roster.h"

namespace decentd {

enum class Outcome : uint8_t { kDecided = 1, kTooFewAnswers = 2, kTooFewSheets = 3 };
std::string_view OutcomeName(Outcome outcome);  // "decided", "too_few_answers", "too_few_sheets"

// Slots of one phase that were decided 1, ascending by author, with the digests of their payloads.
using SlotSet = std::vector<std::pair<NodeIndex, Digest>>;

// H(A), H(S): SHA-256 of (slot as 2 bytes big-endian, 32 bytes of digest) for each, in order.
Digest DigestOfSet(const SlotSet& set);

struct Verdict {
  Outcome outcome = Outcome::kDecided;
  Digest winner;      // slot digest of the winning answer; zero unless decided
  Digest answers;     // H(A)
  Digest sheets;      // H(S); of the empty set where phase S did not run
  uint16_t answer_count = 0, sheet_count = 0;  // |A|, |S|: without Abstains
  uint16_t workers = 0, evaluators = 0;        // |W|, |E|
  Rule rule = Rule::kGeometricMedian;
  Digest result;      // of the aggregate; zero unless decided

  friend bool operator==(const Verdict&, const Verdict&) = default;
  std::string Encode() const;  // fixed width, big-endian
  static std::optional<Verdict> Decode(std::string_view bytes);  // only what Encode makes
};

}  // namespace decentd
