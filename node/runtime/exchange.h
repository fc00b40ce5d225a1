// What peers compare and send of an open round, so that a bound may drop but not lose (docs/SPEC.md,
// section 10). Pure functions over a round.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decentd/peer/v1/peer.pb.h"
#include "node/core/round.h"

namespace decentd::exchange {

using FramePtr = std::shared_ptr<const peer::v1::Frame>;

peer::v1::Have MakeHave(const Roster& roster, const Round& round);

// What the other holds and this node lacks; nothing when it lacks nothing.
std::optional<peer::v1::Want> Compare(const Roster& roster, const Round& round,
                                      const peer::v1::Have& theirs);

// True when this node holds something of the round that the other lacks.
bool HoldsMore(const Roster& roster, const Round& round, const peer::v1::Have& theirs);

// The frames that answer a Want, up to a bound of bytes: the rest is asked for again.
std::vector<FramePtr> Serve(const Round& round, const peer::v1::Want& want);

// A record's part from this byte on: what asks for it, and what answers that; null where the bundle
// is shorter.
FramePtr WantRecord(const RoundId& round, uint64_t from);
FramePtr RecordPart(const peer::v1::Want& want, const std::string& bundle);

}  // namespace decentd::exchange
