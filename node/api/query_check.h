// Whether a client's query is signed for a roster that this node serves.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "node/codec/verifier.h"
#include "node/core/message.h"
#include "node/core/verified.h"

namespace decentd {

// The query, or why it is refused in words for the client. On any thread; takes a signature's time.
using QueryCheck = std::function<absl::StatusOr<Verified<Query>>(const Envelope& envelope)>;

// For one roster. `verifier` outlives what is returned.
QueryCheck CheckWith(const Verifier& verifier);

}  // namespace decentd
