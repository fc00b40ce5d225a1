// A round as bytes that anyone can check offline (docs/SPEC.md, section 9). The encoding is fixed
// and ends in the SHA-256 of all bytes before: no byte of it is free. Pure, thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/core/message.h"
#include "node/core/roster.h"
#include "node/core/verified.h"

namespace decentd {

// A slot that was decided 1.
struct BundleSlot {
  Slot slot;
  std::shared_ptr<const Envelope> proposal;
  std::vector<std::shared_ptr<const Envelope>> certificate;  // q Votes envelopes
};

struct Bundle {
  std::string roster;  // canonical bytes
  std::shared_ptr<const Envelope> query;
  std::vector<BundleSlot> slots;                           // ascending: answers, then sheets
  std::vector<std::shared_ptr<const Envelope>> decisions;  // ascending by author, equal verdicts
};

// Stores every envelope once; certificates name them by index. The order of the votes within a
// certificate, and of the decisions, does not matter; the slots are written as they stand.
// REQUIRES: every pointer is set, every signature has 64 bytes, no list is longer than the limits.
std::string EncodeBundle(const Bundle& bundle);
// INVALID_ARGUMENT with the byte offset and what was expected. Accepts only what EncodeBundle
// makes: the result is encoded again and compared. What the envelopes say is VerifyBundle's matter.
absl::StatusOr<Bundle> DecodeBundle(std::string_view bytes);

}  // namespace decentd
