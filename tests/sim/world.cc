#include "tests/sim/world.h"

#include <algorithm>

#include "node/codec/peer_codec.h"
#include "node/core/check.h"
#include "node/runtime/keys.h"

namespace decentd::sim {
namespace {

// After the last record: late repetitions, and what a liar still has to say.
constexpr int64_t kLingerMs = 1'000;

}  // namespace

World::World(const Plan& plan, SignatureCounts* counts)
    : plan_(plan),
      cluster_(plan, counts),
      random_(Random(plan.seed).Fork(11)),
      network_(plan.n, plan.links, scheduler_, *this, Random(plan.seed).Fork(12)),
      adversary_of_(static_cast<size_t>(plan.n), nullptr),
      stopped_(static_cast<size_t>(plan.n), 0) {
  for (size_t i = 0; i < plan.liars.size(); ++i) {
    AdversaryHandle handle(plan_, plan.liars[i].nodes, cluster_, scheduler_, network_,
                           Random(plan.seed).Fork(100 + i));
    adversaries_.push_back(MakeAdversary(plan.liars[i].strategy, std::move(handle)));
    for (int node : plan.liars[i].nodes) {
      adversary_of_[static_cast<size_t>(node)] = adversaries_.back().get();
    }
  }
  Node::Outside& outside = *this;
  for (int i = 0; i < plan.n; ++i) {
    const Random random = Random(plan.seed).Fork(1000 + static_cast<uint64_t>(i));
    models_.push_back(std::make_unique<SeededModels>(plan.ModelsOf(i), Index(i), random.Fork(1)));
    nodes_.push_back(adversary_of_[static_cast<size_t>(i)] != nullptr
                         ? nullptr
                         : std::make_unique<Node>(cluster_, scheduler_, outside, *models_.back(),
                                                  Node::Options{Index(i), plan.longest_sync_ms,
                                                                random.Fork(2), plan.keep}));
  }
}

World::~World() = default;

void World::Run() {
  for (auto& adversary : adversaries_) adversary->Begin();
  for (int i = 0; i < plan_.n; ++i) {
    if (honest(i)) Start(i);
  }
  for (size_t i = 0; i < plan_.questions.size(); ++i) {
    scheduler_.At(plan_.questions[i].at_ms, [this, i] { Ask(plan_.questions[i], i); });
  }
  for (const Fault& fault : plan_.faults) {
    KeepCopies(fault);
    scheduler_.At(fault.from_ms, [this, &fault] { Begin(fault); });
    scheduler_.At(fault.until_ms, [this, &fault] { End(fault); });
  }
  const int64_t healed = plan_.HealedAt();
  const int64_t latest = healed + Patience();
  int64_t end = latest;
  for (int64_t look = healed; scheduler_.RunNext(end) || scheduler_.now_ms() < end;) {
    if (end != latest || scheduler_.now_ms() < look) continue;
    look = scheduler_.now_ms() + 100;
    if (AllRecorded()) end = scheduler_.now_ms() + kLingerMs;
  }
  timed_out_ = !AllRecorded();
  Tell([&](Observer& o) { o.OnEnd(*this); });
}

// How long the protocol may take once all promises hold: both phases to their hard deadlines, some
// rounds of agreement with their waits, and the blocks that faults of liars brought about.
int64_t World::Patience() const {
  const RosterParameters& p = plan_.parameters;
  return 2 * (p.answer.hard_ms + p.sheet.hard_ms) + 120'000;
}

std::vector<int> World::Lacking(const RoundId& round) const {
  std::vector<int> lacking;
  for (int i = 0; i < plan_.n; ++i) {
    if (!honest(i)) continue;
    if (!archive::ReadSummary(node(i).disk(), round).ok() && !Discarded(i, round)) {
      lacking.push_back(i);
    }
  }
  return lacking;
}

// Its retention leaves a tombstone, and at last only a watermark.
bool World::Discarded(int i, const RoundId& round) const {
  if (!recorded_.contains({i, round})) return false;
  const auto tombstone = archive::ReadTombstone(node(i).disk(), round);
  return tombstone.ok() &&
         (*tombstone == Tombstone::kDiscarded ||
          (*tombstone == Tombstone::kNone && node(i).disk().Get(keys::kWatermark).ok()));
}

// What a node published is durable; what it made durable right before it stopped is on its disk.
void World::NoteRecords(int i) {
  const absl::Status status = node(i).disk().Scan(keys::kSummary, PrefixEnd(keys::kSummary), false,
                                                  [&](std::string_view key, std::string_view) {
                                                    recorded_.emplace(i, *keys::RoundOf(key));
                                                    return true;
                                                  });
  Require(status.ok(), "a disk in memory can be read");
}

bool World::AllRecorded() const {
  for (int i = 0; i < plan_.n; ++i) {
    // Replayed after a start and not published yet.
    if (honest(i) && node(i).up() && node(i).replica().open_rounds() > 0) return false;
  }
  return asked_ == plan_.questions.size() && unanswered_.empty() &&
         std::ranges::all_of(rounds_, [&](const RoundId& round) { return Lacking(round).empty(); });
}

void World::Start(int i) {
  Node& node = *nodes_[static_cast<size_t>(i)];
  if (const absl::Status status = node.Start(); !status.ok()) {
    Tell(
        [&](Observer& o) { o.OnReport(node, "does not start: " + std::string(status.message())); });
    return;
  }
  NoteRecords(i);
  Tell([&](Observer& o) { o.OnStart(node); });
  network_.SetUp(i, true);
}

void World::Stop(int i) {
  Node& node = *nodes_[static_cast<size_t>(i)];
  if (!node.up()) return;
  network_.SetUp(i, false);
  node.Crash();
  std::erase_if(unanswered_, [i](const auto& one) { return one.second == i; });
  Tell([&](Observer& o) { o.OnStop(node); });
}

Roster World::RosterOf(const RoundId& round) const {
  const auto asked = committees_.find(round);
  return roster().Committee(round,
                            asked == committees_.end() ? 0 : static_cast<uint32_t>(asked->second));
}

// A client asks the node, or another one where it is down.
void World::Ask(const Question& question, uint64_t number) {
  for (int i = 0; i < plan_.n; ++i) {
    const int at = (question.node + i) % plan_.n;
    if (!honest(at) || !node(at).up()) continue;
    Node& node = *nodes_[static_cast<size_t>(at)];
    const Envelope query = cluster_.SignQuery(
        "question " + std::to_string(number), number,
        kEpochMs + scheduler_.now_ms() + plan_.keep.lifetime_ms, question.committee);
    committees_[RoundId{Sha256(query.body)}] = question.committee;
    auto verified = node.verifier().Verify(query);
    ++asked_;
    unanswered_[number] = at;
    node.Push({input::Submit{std::get<Verified<Query>>(std::get<AnyVerified>(verified)), number}});
    return;
  }
  scheduler_.In(500, [this, question, number] { Ask(question, number); });
}

void World::Block(const Fault& fault, bool blocked) {
  for (int a : fault.nodes) {
    for (int b : fault.others) {
      // A node on both sides belongs to both islands.
      const auto both = [&](int node) {
        return std::ranges::count(fault.nodes, node) + std::ranges::count(fault.others, node) == 2;
      };
      if (a == b || both(a) || both(b)) continue;
      network_.Block(a, b, blocked);
      if (fault.type == Fault::Type::kCut) network_.Block(b, a, blocked);
    }
  }
}

void World::KeepCopies(const Fault& fault) {
  if (fault.type != Fault::Type::kOldCopy) return;
  for (int i : fault.nodes) {
    if (!honest(i)) continue;
    scheduler_.At(std::max<int64_t>(0, fault.from_ms - fault.amount),
                  [this, i] { copies_[i] = node(i).disk().Copy(); });
  }
}

void World::Begin(const Fault& fault) {
  using Type = Fault::Type;
  if (fault.type == Type::kCut || fault.type == Type::kOneWay) return Block(fault, true);
  for (int i : fault.nodes) {
    if (fault.type == Type::kSlow) network_.Slow(i, fault.amount);
    if (fault.type == Type::kBreakLinks) {
      for (int j = 0; j < plan_.n; ++j) {
        if (j != i) network_.Break(i, j);
      }
    }
    if (!honest(i)) continue;
    Node& node = *nodes_[static_cast<size_t>(i)];
    switch (fault.type) {
      case Type::kCrash:
      case Type::kOldCopy:
      case Type::kLostDisk:
        ++stopped_[static_cast<size_t>(i)];
        Stop(i);
        break;
      case Type::kDiskFull:
        node.disk().set_state(Disk::State::kFull);
        break;
      case Type::kDiskBroken:
        node.disk().set_state(Disk::State::kBroken);
        break;
      case Type::kClockJump:
        node.JumpClock(fault.amount);
        break;
      default:
        break;
    }
  }
}

void World::End(const Fault& fault) {
  using Type = Fault::Type;
  if (fault.type == Type::kCut || fault.type == Type::kOneWay) return Block(fault, false);
  for (int i : fault.nodes) {
    if (fault.type == Type::kSlow) network_.Slow(i, -fault.amount);
    if (!honest(i)) continue;
    Node& node = *nodes_[static_cast<size_t>(i)];
    switch (fault.type) {
      case Type::kOldCopy:
      case Type::kLostDisk: {
        const bool lost = fault.type == Type::kLostDisk;
        std::erase_if(recorded_, [i](const auto& one) { return one.first == i; });
        if (node.ReplaceDisk(lost ? std::make_unique<MemStore>() : copies_[i]->Clone(), lost)
                .ok()) {
          Tell([&](Observer& o) { o.OnForgot(node, lost); });
        }
        [[fallthrough]];
      }
      case Type::kCrash:
        if (--stopped_[static_cast<size_t>(i)] == 0) Start(i);
        break;
      case Type::kDiskFull:
        node.disk().set_state(Disk::State::kGood);
        break;
      case Type::kDiskBroken:
        node.disk().set_state(Disk::State::kGood);
        if (stopped_[static_cast<size_t>(i)] > 0) break;
        Stop(i);
        Start(i);
        break;
      default:
        break;
    }
  }
}

void World::Say(Node& node, const peer::v1::Frame& frame) {
  for (const types::v1::Envelope& proto : frame.envelopes().envelopes()) {
    if (proto.author() != node.self().value || proto.kind() == types::v1::KIND_HEARTBEAT ||
        proto.kind() == types::v1::KIND_QUERY) {
      continue;
    }
    const std::optional<Envelope> envelope = FromProto(proto);
    if (!envelope) continue;
    const auto verified = node.verifier().Verify(*envelope);
    if (const auto* value = std::get_if<AnyVerified>(&verified)) {
      Tell([&](Observer& o) { o.OnSaid(node, *value); });
    }
  }
}

void World::OnSend(Node& node, std::optional<NodeIndex> to, const action::FramePtr& frame) {
  Say(node, *frame);
  Tell([&](Observer& o) { o.OnSent(node, to, *frame); });
  const int from = node.self().value;
  if (to) return network_.Send(from, to->value, frame);
  for (int i = 0; i < plan_.n; ++i) network_.Send(from, i, frame);
}

void World::OnPublish(Node& node, const action::Publish& publish) {
  using Type = RoundEvent::Type;
  if (publish.event.type == Type::kAdmitted) rounds_.insert(publish.round);
  if (publish.event.type == Type::kCertified) recorded_.emplace(node.self().value, publish.round);
  Tell([&](Observer& o) { o.OnPublished(node, publish.round, publish.event); });
}

void World::OnSubmitted(Node& node, const action::Submitted& submitted) {
  unanswered_.erase(submitted.ticket);
  Tell([&](Observer& o) { o.OnSubmitted(node, submitted.result); });
}

void World::OnFaultCounted(Node& node, NodeIndex peer, FaultKind kind) {
  Tell([&](Observer& o) { o.OnFault(node, peer, kind); });
  network_.CountFault(node.self().value, peer.value);
}

void World::OnReport(Node& node, const action::Report& report) {
  Tell([&](Observer& o) { o.OnReport(node, report.text); });
}

void World::OnWritten(Node& node, const WriteBatch& batch) {
  Tell([&](Observer& o) { o.OnWritten(node, batch); });
}

void World::OnStepped(Node& node) {
  Tell([&](Observer& o) { o.OnStepped(node); });
}

void World::OnFrame(int to, int from, const action::FramePtr& frame) {
  if (Adversary* liar = adversary_of_[static_cast<size_t>(to)]) {
    return liar->OnFrame(to, from, frame);
  }
  Node& node = *nodes_[static_cast<size_t>(to)];
  Tell([&](Observer& o) { o.OnDelivered(node, Index(from), *frame); });
  node.OnFrame(Index(from), *frame);
}

void World::OnLink(int i, int peer, bool up) {
  if (Adversary* liar = adversary_of_[static_cast<size_t>(i)]) return liar->OnLink(i, peer, up);
  Node& node = *nodes_[static_cast<size_t>(i)];
  Tell([&](Observer& o) { o.OnLink(node, Index(peer), up); });
  node.OnLink(Index(peer), up);
}

}  // namespace decentd::sim
