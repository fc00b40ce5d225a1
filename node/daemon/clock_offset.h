// How far this node's clock is from its peers', as far as their word can be taken.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace decentd {

// `offsets`: each a peer's clock less this one's in ms, as that peer says; one a peer. The median,
// or, of few peers, the offset nearest to zero that lies between what honest ones can have said: no
// f liars move it away from zero beyond an honest peer's. Nothing where no more than f have spoken.
std::optional<double> ClockOffset(std::vector<double> offsets, size_t f);

}  // namespace decentd
