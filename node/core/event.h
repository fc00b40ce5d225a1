// What happens to a round. Everything that a round depends on comes in as one of these, so the
// same events give the same round (docs/SPEC.md, section 11). Values.
#pragma once

#include <variant>

#include "node/core/effect.h"
#include "node/core/verified.h"

namespace decentd::event {

struct SponsorReceived {
  Verified<Sponsor> sponsor;
};
struct ProposeReceived {
  Verified<Propose> propose;
};
struct VotesReceived {
  Verified<Votes> votes;
};
struct DecisionReceived {
  Verified<Decision> decision;
};
struct CertificateReceived {
  VerifiedCertificate certificate;
};
// This node's answering or judging model is done.
struct ModelFinished {
  Phase phase;
  Payload payload;
};
struct TimerFired {
  TimerKey timer;
};
// Nodes that have had no live link for at least absent_after; replaces the set before.
struct UnlinkedChanged {
  NodeSet unlinked;
};

}  // namespace decentd::event

namespace decentd {
using Event = std::variant<event::SponsorReceived, event::ProposeReceived, event::VotesReceived,
                           event::DecisionReceived, event::CertificateReceived,
                           event::ModelFinished, event::TimerFired, event::UnlinkedChanged>;
}  // namespace decentd
