// What a replica does as time passes: timers, heartbeats, comparing with peers, discarding.
#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "node/codec/peer_codec.h"
#include "node/runtime/exchange.h"
#include "node/runtime/keys.h"
#include "node/runtime/replica.h"

namespace decentd {
namespace {

// A round that changed is announced this often, one that did not this often.
constexpr int64_t kHaveChangedMs = 1000;
constexpr int64_t kHaveUnchangedMs = 3000;
constexpr size_t kHaveFrameBytes = 1u << 20;  // a Have grows with n; a frame has a bound
constexpr int64_t kMaintenanceMs = 60'000;

}  // namespace

void Replica::FireTimers() {
  for (const auto& [id, key] : timers_.TakeDue()) {
    if (auto it = rounds_.find(id); it != rounds_.end()) {
      Deliver(it->second, event::TimerFired{key});
    }
  }
}

void Replica::TellUnlinked() {
  const NodeSet unlinked = reachability_.Unlinked(now_.monotonic_ms);
  if (unlinked == unlinked_ && !tell_unlinked_) return;
  tell_unlinked_ = false;
  unlinked_ = unlinked;
  for (auto& [id, open] : rounds_) Deliver(open, event::UnlinkedChanged{unlinked_});
}

void Replica::Tick() {
  if (now_.monotonic_ms >= next_heartbeat_ms_) {
    next_heartbeat_ms_ = now_.monotonic_ms + Reachability::kHeartbeatMs;
    auto frame = std::make_shared<peer::v1::Frame>();
    ToProto(SignStatement(signer_, roster_, self_, Heartbeat{options_.boot, ++heartbeat_}),
            frame->mutable_envelopes()->add_envelopes());
    for (const auto& other : reachability_.TakeFresh()) {
      ToProto(*other, frame->mutable_envelopes()->add_envelopes());
    }
    Send(std::nullopt, std::move(frame));
  }
  for (const auto& [id, open] : rounds_) {
    if (open.say_by_ms && *open.say_by_ms <= now_.monotonic_ms) touched_.insert(id);
  }
  SendHaves();
  if (now_.monotonic_ms >= next_maintenance_ms_) {
    next_maintenance_ms_ = now_.monotonic_ms + kMaintenanceMs;
    Maintain();
  }
}

void Replica::SendHaves() {
  std::vector<const Round*> due;
  for (auto& [id, open] : rounds_) {
    if (now_.monotonic_ms < open.next_have_ms) continue;
    due.push_back(&open.round);
    open.next_have_ms =
        now_.monotonic_ms + (open.changed_since_have ? kHaveChangedMs : kHaveUnchangedMs);
    open.changed_since_have = false;
  }
  SendHavesOf(std::nullopt, due);
}

void Replica::SendHavesOf(std::optional<NodeIndex> peer, const std::vector<const Round*>& rounds) {
  std::shared_ptr<peer::v1::Frame> frame;
  size_t bytes = 0;
  for (const Round* round : rounds) {
    if (!frame) frame = std::make_shared<peer::v1::Frame>();
    peer::v1::Have* have = frame->mutable_have()->add_open();
    *have = exchange::MakeHave(roster_, *round);
    bytes += have->ByteSizeLong();
    if (bytes < kHaveFrameBytes) continue;
    Send(peer, std::move(frame));
    frame = nullptr;
    bytes = 0;
  }
  if (frame) Send(peer, std::move(frame));
}

// For those that were away, or heard of a round and may not join it (their watermark, a sponsor's
// budget), and so are in no exchange about it: the link stays up, and nobody asks for what they
// lack.
void Replica::NameClosed(std::optional<NodeIndex> peer, size_t most) {
  const std::vector<RoundId> rounds = archive_.Newest(most);
  for (size_t at = 0; at < rounds.size(); at += kMaxClosedPerBatch) {
    auto frame = std::make_shared<peer::v1::Frame>();
    const size_t end = std::min(rounds.size(), at + kMaxClosedPerBatch);
    for (size_t i = at; i < end; ++i) {
      frame->mutable_have()->add_closed(std::string(rounds[i].digest.View()));
    }
    Send(peer, std::move(frame));
  }
}

void Replica::Maintain() {
  archive_.Retain(options_.retention, now_.unix_ms, &out_.writes);
  // Not only the new ones: what was named before may have been dropped by a bound.
  NameClosed(std::nullopt, std::max(kMaxClosedPerBatch, std::exchange(closed_, 0)));
  const int64_t oldest = now_.unix_ms - options_.retention.undecided_ms;
  for (auto it = rounds_.begin(); it != rounds_.end();) {
    OpenRound& open = it->second;
    const int64_t expiry = open.round.query()->expiry_unix_ms;
    if (open.started_unix_ms >= oldest || expiry >= now_.unix_ms) {
      ++it;
      continue;
    }
    it = GiveUp(it, open.round.WaitingFor());
  }
}

// From the time of the last batch on: what became due since is due still.
int64_t Replica::NextWakeMs() const {
  int64_t next = std::min(next_heartbeat_ms_, next_maintenance_ms_);
  if (const auto timer = timers_.NextDueMs(had_quorum_)) next = std::min(next, *timer);
  if (const auto ask = fetch_.NextDueMs(now_.monotonic_ms)) next = std::min(next, *ask);
  if (const auto change = reachability_.NextChangeMs(now_.monotonic_ms)) {
    next = std::min(next, *change);
  }
  for (const auto& [id, open] : rounds_) {
    next = std::min(next, open.next_have_ms);
    if (open.say_by_ms) next = std::min(next, *open.say_by_ms);
  }
  return next;
}

std::string Replica::NotVotingBecause(Now now) const {
  if (!halted_.empty()) return halted_;
  if (archive_.watermark() <= now.unix_ms) return "";
  return "its memory was lost: until " +
         absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(archive_.watermark()),
                          absl::UTCTimeZone()) +
         " it sits out what may have been open before";
}

// Batches come at least with each heartbeat, so what changes by the clock alone is told too.
void Replica::TellVoting() {
  std::string because = NotVotingBecause(now_);
  if (told_not_voting_ == because) return;
  told_not_voting_ = because;
  Then(action::Voting{std::move(because)});
}

void Replica::FillStatus(Now now, NodeStatus* status) const {
  const RosterNode& self = roster_.node(self_);
  status->name = self.name;
  status->index = self_;
  status->cluster_id = roster_.cluster_id();
  status->epoch = roster_.epoch();
  status->n = roster_.n();
  status->f = roster_.f();
  status->quorum = roster_.quorum();
  const NodeSet reachable = reachability_.Reachable(now.monotonic_ms);
  status->reachable = reachable.Size();
  status->not_voting_because = NotVotingBecause(now);
  status->voting = status->not_voting_because.empty();
  status->rounds_open = rounds_.size();
  status->rounds_stored = archive_.size();
  status->signatures_verified = verifier_.signatures_verified();
  status->evidence = evidence_.size();
  RosterStatus& roster = status->rosters.emplace_back();
  roster.cluster_id = roster_.cluster_id();
  roster.epoch = roster_.epoch();
  roster.n = roster_.n();
  roster.quorum = roster_.quorum();
  roster.rounds_open = rounds_.size();
  for (uint16_t i = 0; i < roster_.n(); ++i) {
    const NodeIndex node{i};
    (reachable.Has(node) ? roster.reached : roster.missing).push_back(roster_.node(node).name);
  }
}

std::optional<RoundSummary> Replica::OpenSummary(const RoundId& id, Now now) const {
  const auto it = rounds_.find(id);
  if (it == rounds_.end()) return std::nullopt;
  const Round& round = it->second.round;
  RoundSummary summary;
  summary.id = id;
  summary.cluster_id = roster_.cluster_id();
  summary.epoch = roster_.epoch();
  summary.state = RoundSummary::State::kRunning;
  summary.started_unix_ms = it->second.started_unix_ms;
  if (!round.query()->messages.empty()) summary.question = round.query()->messages.back().content;
  const auto held = [&](Phase phase) {
    int count = 0;
    round.set(phase).panel().ForEach([&](NodeIndex author) {
      const Verified<Propose>* payload = round.set(phase).broadcast(author)->payload();
      count += payload != nullptr && (*payload)->usable();
    });
    return count;
  };
  summary.answers = held(Phase::kAnswer);
  summary.sheets = held(Phase::kSheet);
  summary.workers = round.roster().panel(Phase::kAnswer);
  summary.evaluators = round.roster().panel(Phase::kSheet);
  summary.waiting_for = round.WaitingFor();
  const int reachable = reachability_.Reachable(now.monotonic_ms).Size();
  if (reachable < roster_.n() - roster_.f()) {
    summary.waiting_for = "no quorum: " + std::to_string(reachable) + " of " +
                          std::to_string(roster_.n()) + " nodes reachable, " +
                          std::to_string(roster_.n() - roster_.f()) + " needed";
  }
  return summary;
}

std::vector<RoundSummary> Replica::OpenSummaries(Now now) const {
  std::vector<RoundSummary> summaries;
  for (const auto& [id, open] : rounds_) summaries.push_back(*OpenSummary(id, now));
  std::ranges::sort(summaries, [](const RoundSummary& a, const RoundSummary& b) {
    return std::pair(b.started_unix_ms, b.id) < std::pair(a.started_unix_ms, a.id);
  });
  return summaries;
}

}  // namespace decentd
