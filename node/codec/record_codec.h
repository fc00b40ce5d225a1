// Evidence as bytes for the store and for export, and the check that makes it evidence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/core/message.h"
#include "node/core/roster.h"

namespace decentd {

// "proposals", "votes", "echoes": what the two envelopes contradict each other in.
std::string_view EvidenceName(Evidence::Type type);

struct EvidenceRecord {
  Evidence evidence;
  RoundId round;
  int64_t unix_ms = 0;  // when this node found it
};

// REQUIRES: both envelopes are set.
std::string EncodeEvidence(const Evidence& evidence, const RoundId& round, int64_t unix_ms);
// INVALID_ARGUMENT when the bytes are no such record. Says nothing about the signatures.
absl::StatusOr<EvidenceRecord> DecodeEvidence(std::string_view bytes);

// OK when the author signed both envelopes and no honest node signs both: two proposals for one
// slot, two Votes with one number, or Votes that echo two digests for one slot. INVALID_ARGUMENT
// with what is missing otherwise.
absl::Status VerifyEvidence(const Roster& roster, const SignatureScheme& scheme,
                            const Evidence& evidence);

}  // namespace decentd
