// What GrpcLinks is made of, and the times and bounds of a link with their reasons.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "crypto/tls_identity.h"
#include "node/core/roster.h"
#include "node/transport/links.h"
#include "node/transport/peer_server.h"

namespace decentd {

// Of the frames of peer.proto. Peers with another one do not link.
inline constexpr uint32_t kLinkProtocolVersion = 1;

struct LinkTimes {
  using Milliseconds = std::chrono::milliseconds;
  // A ping on every link; also what shows a peer that this node lives while it has nothing to say.
  Milliseconds ping_every{2'000};
  // A peer that says nothing for this long is gone: several pings lost.
  Milliseconds dead_after{8'000};
  // From dialling to both hellos, and from an accepted stream to its hello.
  Milliseconds link_within{5'000};
  // After a lost link the lower index dials at once and the higher one this much later, so that
  // mostly one of the two streams is made only.
  Milliseconds higher_index_waits{250};
  // Two streams of one pair within this time come from both having dialled at once.
  Milliseconds simultaneous{3'000};
  // A link that lived this long was good: the next loss is dialled again at once.
  Milliseconds good_after{2'000};
  Milliseconds first_backoff{100};
  Milliseconds longest_backoff{3'000};  // a peer that comes back waits at most this long
  // A closed stream that does not end by itself is cut.
  Milliseconds linger{1'000};
};

struct LinkOptions {
  NodeIndex self;
  const Roster* roster = nullptr;  // outlives the links
  PeerServer* server = nullptr;    // where peers dial this node; outlives the links
  TlsIdentity tls;                 // of the identity key that the roster names for self
  uint64_t boot = 0;               // grows with each start of this node
  std::string software_version;
  // Of frames that wait for one peer.
  size_t queue_bytes = 64u << 20;
  // A peer may commit this many faults a minute, then it is refused for a time that doubles.
  int faults_per_minute = 50;
  std::chrono::milliseconds first_block{10'000};
  std::chrono::milliseconds longest_block{600'000};
  LinkTimes times;
  std::shared_ptr<spdlog::logger> log;
  LinkReceiver* receiver = nullptr;  // outlives the links; called from before Start returns
};

}  // namespace decentd
