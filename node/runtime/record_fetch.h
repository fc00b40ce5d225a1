// Which record to ask which peer for (docs/SPEC.md, section 10). A peer is asked for one record at
// a time, so that it can make this node assemble one at most; a record is asked of f + 1 peers at a
// time, so that f which announce it and do not send it keep it from nobody. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "node/core/ids.h"
#include "node/core/roster.h"

namespace decentd {

class RecordFetch {
 public:
  // A peer that sends no part for this long is asked for something else: longer than the silence
  // that a link survives, so a slow one loses nothing.
  static constexpr int64_t kGiveUpMs = 10'000;
  // An honest peer stores no record that does not verify, and to find that one does not can cost
  // seconds; so whoever sent one is asked for none for this long.
  static constexpr int64_t kMistrustMs = 600'000;
  static constexpr size_t kMaxNamed = 1024;  // of one peer: as many as it names when its link comes up

  struct Ask {
    NodeIndex peer;
    RoundId round;
    friend bool operator==(const Ask&, const Ask&) = default;
  };

  // The roster outlives this.
  explicit RecordFetch(const Roster& roster) : roster_(roster) {}

  // The peer says that it holds the record, and this node lacks it. Urgent: somebody waits for it.
  void OnNamed(NodeIndex peer, const RoundId& round, bool urgent);
  // A part of what the peer was asked for has come, and there is more.
  void OnPart(NodeIndex peer, const RoundId& round);
  void OnInvalid(NodeIndex peer, int64_t now_ms);
  void OnLinkDown(NodeIndex peer);
  // The record is held, or wanted no more. True when some peer was asked for it.
  bool Forget(const RoundId& round);

  // What to ask for now. Each is asked once, then again for each part.
  std::vector<Ask> Due(int64_t now_ms);
  // When Due is to be called at the latest, if nothing comes before.
  std::optional<int64_t> NextDueMs(int64_t now_ms) const;

 private:
  struct Peer {
    std::map<int64_t, RoundId> named;  // in the order to ask; below 0: urgent
    std::map<RoundId, int64_t> place;
    std::optional<RoundId> asked;
    int64_t asked_ms = 0;
    bool part_due = false;
    int64_t gave_up_ms = 0;
    int64_t trusted_from_ms = 0;
  };

  static void Remove(Peer& peer, const RoundId& round);
  void Queue(Peer& peer, const RoundId& round, bool urgent);
  void EndAsk(Peer& peer);
  void Begin(Peer& peer);

  const Roster& roster_;
  std::map<NodeIndex, Peer> peers_;
  std::map<RoundId, int> asked_of_;  // how many peers
  int64_t next_place_ = 0;
};

}  // namespace decentd
