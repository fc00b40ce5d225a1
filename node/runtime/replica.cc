#include "node/runtime/replica.h"

#include <algorithm>
#include <type_traits>

#include "node/codec/peer_codec.h"
#include "node/runtime/exchange.h"
#include "node/runtime/journal.h"
#include "node/runtime/keys.h"

namespace decentd {
namespace {

// Two nodes that each lack something answer each other; not faster than this.
constexpr int64_t kReplyAgainMs = 200;

std::optional<RoundId> ToRoundId(std::string_view raw) {
  const auto digest = Digest::FromBytes(raw);
  if (!digest) return std::nullopt;
  return RoundId{*digest};
}

}  // namespace

Replica::Replica(const Roster& roster, const Options& options, const Signer& signer,
                 const Verifier& verifier, const Store& store, Archive archive,
                 EvidenceLog evidence, Now now)
    : roster_(roster),
      options_(options),
      self_(options.self),
      signer_(signer),
      verifier_(verifier),
      store_(store),
      archive_(std::move(archive)),
      evidence_(std::move(evidence)),
      admission_(roster),
      reachability_(roster, options.self, now.monotonic_ms),
      fetch_(roster),
      now_(now) {
  // The timers that replay sets start here, not at the clock's zero.
  timers_.Advance(now.monotonic_ms, false);
}

Output Replica::Process(std::vector<Input> inputs, Now now) {
  // Where this process was stopped for a while, the quorum of before says nothing of the meantime.
  timers_.Advance(now.monotonic_ms, had_quorum_ && reachability_.HasQuorum(now.monotonic_ms));
  now_ = now;
  for (Input& in : inputs) {
    std::visit([this](auto& one) { On(one); }, in);
  }
  ServeRecords();
  TellUnlinked();
  FireTimers();
  Tick();
  Settle();
  CloseFinished();
  for (const RecordFetch::Ask& ask : fetch_.Due(now.monotonic_ms)) {
    Then(action::AskRecord{ask.peer, ask.round});
  }
  had_quorum_ = reachability_.HasQuorum(now.monotonic_ms);
  return Finish();
}

void Replica::On(input::Message& in) {
  std::visit(
      [&](auto& message) {
        using T = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<T, Verified<Query>>) {
          const RoundId id{message.body_digest()};
          if (rounds_.contains(id) || archive_.IsOver(id)) return;
          admission_.HoldQuery(in.from, message);
          TryJoin(id);
        } else if constexpr (std::is_same_v<T, Verified<Heartbeat>>) {
          reachability_.OnHeartbeat(message, now_.monotonic_ms);
        } else {
          const size_t bytes = message.envelope()->body.size();
          const NodeIndex author = message.author();
          if constexpr (std::is_same_v<T, Verified<Sponsor>>) {
            OnRoundMessage(in.from, message->round, author, event::SponsorReceived{message}, bytes);
          } else if constexpr (std::is_same_v<T, Verified<Propose>>) {
            OnRoundMessage(in.from, message->round, author, event::ProposeReceived{message}, bytes);
          } else if constexpr (std::is_same_v<T, Verified<Votes>>) {
            OnRoundMessage(in.from, message->round, author, event::VotesReceived{message}, bytes);
          } else {
            OnRoundMessage(in.from, message->round, author, event::DecisionReceived{message},
                           bytes);
          }
        }
      },
      in.message);
}

void Replica::OnRoundMessage(NodeIndex from, const RoundId& id, NodeIndex author, Event event,
                             size_t bytes) {
  if (auto it = rounds_.find(id); it != rounds_.end()) {
    Deliver(it->second, event);
    return;
  }
  if (archive_.IsOver(id)) return;
  admission_.HoldEvent(from, id, author, std::move(event), bytes);
  TryJoin(id);
  if (admission_.WantsQuery(id)) {
    auto frame = std::make_shared<peer::v1::Frame>();
    frame->mutable_want()->set_round_id(std::string(id.digest.View()));
    frame->mutable_want()->set_query(true);
    Send(from, std::move(frame));
  }
}

void Replica::On(input::Certificate& in) {
  auto it = rounds_.find(in.certificate.round());
  // A certificate is only ever sent on request; for a round that is gone nobody needs it.
  if (it != rounds_.end()) Deliver(it->second, event::CertificateReceived{in.certificate});
}

void Replica::On(input::Have& in) {
  auto reply = std::make_shared<peer::v1::Frame>();
  std::vector<const Round*> reply_rounds;
  for (const peer::v1::Have& have : in.batch.open()) {
    const auto id = ToRoundId(have.round_id());
    if (!id) return CountFault(in.from, FaultKind::kUndecodable);
    if (auto it = rounds_.find(*id); it != rounds_.end()) {
      OpenRound& open = it->second;
      if (auto want = exchange::Compare(roster_, open.round, have)) {
        auto frame = std::make_shared<peer::v1::Frame>();
        *frame->mutable_want() = *std::move(want);
        Send(in.from, std::move(frame));
      }
      int64_t& replied = open.replied_ms.try_emplace(in.from, now_.monotonic_ms - kReplyAgainMs)
                             .first->second;
      if (now_.monotonic_ms - replied >= kReplyAgainMs &&
          exchange::HoldsMore(roster_, open.round, have)) {
        replied = now_.monotonic_ms;
        reply_rounds.push_back(&open.round);
      }
    } else if (archive_.HasRecord(*id)) {
      reply->mutable_have()->add_closed(have.round_id());
    } else if (!archive_.IsOver(*id) && have.query()) {
      // Besides the query, something that the other has signed in this round: f+1 such nodes take
      // this one along even where the query has expired.
      auto frame = std::make_shared<peer::v1::Frame>();
      frame->mutable_want()->set_round_id(have.round_id());
      frame->mutable_want()->set_query(!admission_.HasQuery(*id));
      frame->mutable_want()->add_votes()->set_author(in.from.value);
      Send(in.from, std::move(frame));
    }
  }
  SendHavesOf(in.from, reply_rounds);
  if (reply->has_have()) Send(in.from, std::move(reply));
  size_t closed = 0;
  for (const std::string& raw : in.batch.closed()) {
    const auto id = ToRoundId(raw);
    if (!id || ++closed > kMaxClosedPerBatch) break;
    if (archive_.Lacks(*id)) fetch_.OnNamed(in.from, *id, /*urgent=*/rounds_.contains(*id));
  }
}

void Replica::On(input::Want& in) {
  const auto id = ToRoundId(in.want.round_id());
  if (!id) return CountFault(in.from, FaultKind::kUndecodable);
  if (auto it = rounds_.find(*id); it != rounds_.end()) {
    for (auto& frame : exchange::Serve(it->second.round, in.want)) {
      Then(action::Send{in.from, std::move(frame)});
    }
    return;
  }
  if (!archive_.HasRecord(*id)) return;
  if (!in.want.record()) {
    auto frame = std::make_shared<peer::v1::Frame>();
    frame->mutable_have()->add_closed(in.want.round_id());
    Send(in.from, std::move(frame));
    return;
  }
  record_wants_[in.from] = std::move(in.want);
}

// One part to a peer in a batch, however often it asks: a peer asks for one at a time, and reading
// a record is work.
void Replica::ServeRecords() {
  for (const auto& [peer, want] : std::exchange(record_wants_, {})) {
    const auto bundle = archive::ReadBundle(store_, *ToRoundId(want.round_id()));
    if (!bundle.ok()) continue;  // not durable yet, or discarded since: the other asks again
    if (auto frame = exchange::RecordPart(want, *bundle)) Then(action::Send{peer, std::move(frame)});
  }
}

void Replica::On(input::Record& in) {
  const RoundId id = in.bundle->round;
  if (archive_.Lacks(id)) Close(id, &in);
}

void Replica::On(input::RecordPart& in) { fetch_.OnPart(in.from, in.round); }

void Replica::On(input::LinkUp& in) {
  reachability_.OnLinkUp(in.peer, now_.monotonic_ms);
  std::vector<const Round*> rounds;
  for (const auto& [id, open] : rounds_) rounds.push_back(&open.round);
  SendHavesOf(in.peer, rounds);
  NameClosed(in.peer, kMaxClosedPerBatch);
  next_heartbeat_ms_ = now_.monotonic_ms;  // the new peer shall not wait to see this node
}

void Replica::On(input::LinkDown& in) {
  reachability_.OnLinkDown(in.peer, now_.monotonic_ms);
  fetch_.OnLinkDown(in.peer);
}

void Replica::On(input::Fault& in) {
  if (in.kind == FaultKind::kInvalidRecord) fetch_.OnInvalid(in.from, now_.monotonic_ms);
  CountFault(in.from, in.kind);
}

void Replica::CountFault(NodeIndex peer, FaultKind kind) {
  ++faults_[peer][kind];
  Then(action::CountFault{peer, kind});
}

void Replica::On(input::ModelFinished& in) {
  auto it = rounds_.find(in.round);
  if (it == rounds_.end()) return;
  OpenRound& open = it->second;
  if (Sheet* sheet = std::get_if<Sheet>(&in.payload)) sheet->answers = open.round.answers_digest();
  // Whatever a model returned, what is signed must be something that peers accept.
  const std::string body = EncodeBody(Propose{in.round, in.phase, in.payload});
  if (body.size() > MaxBodyBytes(Kind::kPropose) || !DecodePropose(roster_, body)) {
    in.payload = Abstain{AbstainReason::kReplyUnusable, "the model's reply is too long or no text"};
  }
  Deliver(open, event::ModelFinished{in.phase, std::move(in.payload)});
}

absl::Status Replica::MaySubmit(const Verified<Query>& query) const {
  const int64_t longest = static_cast<int64_t>(roster_.parameters().longest_lifetime_ms);
  if (!halted_.empty()) return absl::FailedPreconditionError("this node does not vote: " + halted_);
  if (query->expiry_unix_ms <= now_.unix_ms) {
    return absl::DeadlineExceededError(
        "the query has expired; is the clock of this machine or the client's right?");
  }
  if (query->expiry_unix_ms > now_.unix_ms + longest) {
    return absl::InvalidArgumentError("the query's expiry is farther ahead than the roster allows");
  }
  if (query->expiry_unix_ms <= archive_.watermark()) {
    return absl::FailedPreconditionError(
        "this node lost its memory and sits out queries that expire before its watermark; submit "
        "to another node");
  }
  if (!admission_.HasBudget(self_)) {
    return absl::ResourceExhaustedError("this node already sponsors as many rounds as the roster "
                                        "allows; try again when one has ended");
  }
  if (admission_.Sponsored(self_) >= options_.max_own_rounds) {
    return absl::ResourceExhaustedError("this node runs as many rounds for its clients as its "
                                        "limit allows; try again when one has ended");
  }
  return absl::OkStatus();
}

void Replica::On(input::Submit& in) {
  const RoundId id{in.query.body_digest()};
  absl::StatusOr<RoundId> result = id;
  if (!rounds_.contains(id) && !archive_.IsOver(id)) {
    if (absl::Status status = MaySubmit(in.query); !status.ok()) {
      result = status;
    } else {
      // What has arrived of the round before its query belongs to it.
      Join(admission_.TakeWith(in.query, self_), /*sponsor=*/true);
    }
  }
  Then(action::Submitted{in.ticket, std::move(result)});
}

void Replica::TryJoin(const RoundId& id) {
  if (auto joined = admission_.TryJoin(id, now_.unix_ms, archive_.watermark())) {
    Join(*std::move(joined), /*sponsor=*/false);
  }
}

void Replica::Send(std::optional<NodeIndex> peer, std::shared_ptr<peer::v1::Frame> frame) {
  Then(action::Send{peer, std::move(frame)});
}

void Replica::Call(ModelCall call) { out_.model_calls.push_back(std::move(call)); }

void Replica::Then(Action action) { out_.actions.push_back(std::move(action)); }

Output Replica::Finish() {
  for (const RoundId& id : touched_) {
    auto it = rounds_.find(id);
    if (it == rounds_.end() || it->second.record.events().empty()) continue;
    OpenRound& open = it->second;
    open.record.set_unix_ms(now_.unix_ms);
    out_.writes.Put(keys::OfRecord(id, open.next_record++), open.record.SerializeAsString());
    open.record.Clear();
  }
  touched_.clear();
  TellVoting();
  if (own_) out_.actions.insert(out_.actions.begin(), action::Send{std::nullopt, std::move(own_)});
  own_ = nullptr;
  return std::exchange(out_, {});
}

}  // namespace decentd
