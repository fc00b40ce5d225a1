// The keys of a simulated cluster: real Ed25519, or a fast stand-in for long swarms. The stand-in
// is a keyed hash whose key everyone could compute, so it binds only those that go through the
// handles of this simulator: an adversary is given the signers of its own nodes and no other.
#pragma once

#include <cstdint>
#include <memory>

#include "crypto/signer.h"

namespace decentd::sim {

// Verifies what StandInSigner signs. Thread-safe.
const SignatureScheme& StandInScheme();
std::unique_ptr<Signer> StandInSigner(uint64_t seed);

}  // namespace decentd::sim
