// One question to a scratch council, until it has an answer, has agreed on none, or time is over.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/ed25519_signer.h"
#include "tools/decentctl/drill/liars.h"
#include "tools/decentctl/drill/scratch_council.h"

namespace decentd::drill {

struct Asking {
  std::string question;
  absl::Duration timeout;  // of the round
  std::function<void(const std::string& waits_for)> still_waiting;  // every 10 s
  Interrupted interrupted;
};

// Asks an honest node and compares what all honest ones decided, by proofs that are checked here.
// That a round ends without an answer is a result. CANCELLED where interrupted, UNAVAILABLE where a
// daemon ended, INTERNAL for a proof of an honest node that does not hold.
absl::StatusOr<DrillRound> AskRound(ScratchCouncil& council, const Ed25519Identity& client,
                                    const Asking& asking);

}  // namespace decentd::drill
