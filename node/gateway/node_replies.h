// What the node tells of itself and of its roster: GET /readyz, /v1/nodes, /v1/roster. For workers.
#pragma once

#include "node/core/roster.h"
#include "node/gateway/http.h"
#include "node/gateway/status_cache.h"

namespace decentd {

// 200 while the node votes and reaches a quorum, else 503; `tell`: with the reason, which may name
// the node's files.
HttpReply ReadyReply(StatusCache& node, bool tell);

// The nodes of `roster` as this one sees them, and what it says of itself.
HttpReply NodesReply(StatusCache& node, const Roster& roster);

// `roster`: of new questions; and which ones the node has adopted.
HttpReply RosterReply(StatusCache& node, const Roster& roster);

}  // namespace decentd
