// From a peer's frame to checked inputs of the replica: decodes, verifies, puts the records together
// that a peer was asked for. Thread-safe; the costly part of the work, so it runs on the links'
// threads.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "decentd/peer/v1/peer.pb.h"
#include "node/codec/verifier.h"
#include "node/runtime/replica.h"

namespace decentd {

class FrameReader {
 public:
  explicit FrameReader(const Verifier& verifier) : verifier_(verifier) {}

  struct Result {
    std::vector<Input> inputs;  // faults included
    size_t bytes = 0;           // that the inputs keep in memory, roughly
  };
  Result Read(NodeIndex peer, peer::v1::Frame frame);

  // The peer is about to be asked for this record, in place of any other: the next part of it will
  // be taken, once, and when all are here the record is verified, once. Returns where that part
  // begins: what came before is kept.
  uint64_t ExpectRecord(NodeIndex peer, const RoundId& round);
  // Nobody needs the record any more.
  void DropRecord(const RoundId& round);
  // The link is down: what was half received is gone.
  void Forget(NodeIndex peer);

 private:
  struct Assembly {
    RoundId round;
    std::string bytes;
    uint64_t total = 0;  // 0 until the first part is here
    bool asked = false;  // the next part is
  };

  void ReadEnvelopes(NodeIndex peer, const peer::v1::Envelopes& envelopes, Result& out) const;
  void ReadCertificate(NodeIndex peer, const peer::v1::Certificate& certificate,
                       Result& out) const;
  void ReadRecord(NodeIndex peer, const peer::v1::Record& part, Result& out);
  void CheckRecord(NodeIndex peer, const RoundId& round, const std::string& bytes,
                   Result& out) const;

  const Verifier& verifier_;
  std::mutex mutex_;
  std::map<NodeIndex, Assembly> assemblies_;  // at most one a peer
};

}  // namespace decentd
