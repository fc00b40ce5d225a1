// A roster as one line of text, for mail and chat: what an operator sends back to a node that joins.
//
//   decentd-roster/1/<canonical bytes>/<addresses>/<sum>
//
// Without spaces; bytes in URL-safe base64. Addresses are those of each node, "host:port,host:port",
// nodes separated by ';'. The sum, the first 8 digits of the SHA-256 of all before it, tells a line
// that was cut or mistyped. Nothing vouches for a roster but the people who compare its cluster_id.
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/core/roster.h"

namespace decentd {

std::string EncodeRosterLine(const Roster& roster);

// White space around and inside it is ignored, for mail breaks long lines. INVALID_ARGUMENT says
// whether it is no roster, cut short, changed, of another version or with addresses that are none.
absl::StatusOr<Roster> ParseRosterLine(std::string_view text);

}  // namespace decentd
