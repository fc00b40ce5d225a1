// Rounds this node has heard of and not joined: what arrived for them waits here within small
// bounds until the round may be joined (docs/SPEC.md, section 3). What a bound drops is asked for
// again after joining. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "node/core/event.h"
#include "node/core/ids.h"
#include "node/core/roster.h"
#include "node/core/verified.h"

namespace decentd {

class Admission {
 public:
  explicit Admission(const Roster& roster) : roster_(roster) {}

  // What a joined round starts from.
  struct Joined {
    Verified<Query> query;
    std::optional<NodeIndex> sponsor;  // whose budget it uses; nothing: f+1 nodes take part
    std::vector<Event> events;         // in order of arrival
  };

  // Something arrived from a peer (`from`: whose link it came over, which bounds it counts against).
  void HoldQuery(NodeIndex from, const Verified<Query>& query);
  void HoldEvent(NodeIndex from, const RoundId& round, NodeIndex author, Event event, size_t bytes);

  // The round, if it may be joined now: its query is held, and it is sponsored within the sponsor's
  // budget and not expired, or f+1 nodes have signed something in it. Forgets the round then.
  std::optional<Joined> TryJoin(const RoundId& round, int64_t now_unix_ms, int64_t watermark);

  // The round of a query that this node sponsors itself, with all that waited for it.
  Joined TakeWith(const Verified<Query>& query, NodeIndex self);

  // Of rounds that use a sponsor's budget; the caller tells when one begins and ends.
  void BeginSponsored(NodeIndex sponsor) { ++open_by_sponsor_[sponsor]; }
  void EndSponsored(NodeIndex sponsor) { --open_by_sponsor_[sponsor]; }
  uint32_t Sponsored(NodeIndex sponsor) const;
  bool HasBudget(NodeIndex sponsor) const;

  // Rounds that wait, for a retry when a budget is free again.
  std::vector<RoundId> Waiting() const;
  bool HasQuery(const RoundId& round) const;
  // f+1 nodes, so an honest one, signed something in a round whose query is not here.
  bool WantsQuery(const RoundId& round) const;
  void Forget(const RoundId& round);

  // What waits, to be compared with the bounds.
  struct Held {
    size_t most_rounds = 0;       // of one peer
    size_t most_query_bytes = 0;  // of one peer
    size_t event_bytes = 0;       // of all
  };
  Held held() const;

 private:
  struct Entry {
    NodeIndex opener;
    uint64_t age = 0;
    std::optional<Verified<Query>> query;
    NodeSet authors;
    std::vector<NodeIndex> sponsors;
    std::vector<Event> events;
    size_t bytes = 0;
  };

  Entry& Open(NodeIndex from, const RoundId& round);
  void MakeRoomForQuery(NodeIndex opener, const RoundId& keep, size_t bytes);

  const Roster& roster_;
  std::map<RoundId, Entry> waiting_;
  std::map<NodeIndex, std::map<uint64_t, RoundId>> by_opener_;  // oldest first
  std::map<NodeIndex, size_t> query_bytes_;  // by opener
  std::map<NodeIndex, uint32_t> open_by_sponsor_;
  uint64_t next_age_ = 0;
  size_t bytes_ = 0;
};

}  // namespace decentd
