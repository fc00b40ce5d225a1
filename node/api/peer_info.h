// One peer as clients see it. The transport's own state is turned into this where both are wired,
// so that the client API knows nothing of links.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/core/ids.h"

namespace decentd {

struct PeerInfo {
  NodeIndex index;
  uint32_t epoch = 0;  // of the roster that the link is for
  std::string name;
  bool linked = false;
  std::string state;    // "linked", "connecting", "refused", ...
  std::string detail;   // the reason in one line, or empty
  std::string address;  // in use, or the last one tried
  std::string version;  // software version of the peer
  std::optional<double> round_trip_ms;
  uint64_t bytes_sent = 0, bytes_received = 0;
  uint64_t frames_sent = 0, frames_received = 0, frames_dropped = 0;
  std::map<std::string, uint64_t> faults;  // by name of the kind
  int64_t last_seen_unix_ms = 0;           // 0 = never
};

// Called on the server's threads, several at once; must not block.
using PeerInfoProvider = std::function<std::vector<PeerInfo>()>;

}  // namespace decentd
