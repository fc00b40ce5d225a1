#include "node/runtime/exchange.h"

#include <algorithm>
#include <map>

#include "node/codec/peer_codec.h"
#include "node/runtime/journal.h"

namespace decentd::exchange {
namespace {

constexpr size_t kMaxServedBytes = 4u << 20;
constexpr size_t kFrameBytes = 256 * 1024;

// Each turn brings something: the longest things fit by themselves.
static_assert(limits::MaxCertificateBytes(limits::kMaxNodes) < kMaxServedBytes);
static_assert(limits::kMaxQueryBytes + limits::kEnvelopeBytes < kMaxServedBytes);

constexpr Phase kPhases[] = {Phase::kAnswer, Phase::kSheet};

std::string Raw(const Digest& digest) { return std::string(digest.View()); }

// Gathers envelopes into frames of a middling size.
class Packer {
 public:
  void Add(const Envelope& envelope) {
    const size_t size = envelope.body.size() + envelope.signature.size() + 16;
    if (total_ + size > kMaxServedBytes) return;
    if (size_ + size > kFrameBytes) Close();
    total_ += size;
    size_ += size;
    if (!frame_) frame_ = std::make_shared<peer::v1::Frame>();
    ToProto(envelope, frame_->mutable_envelopes()->add_envelopes());
  }
  void AddCertificate(const Round& round, const Slot& slot, const Broadcast& broadcast) {
    auto frame = std::make_shared<peer::v1::Frame>();
    peer::v1::Certificate* out = frame->mutable_certificate();
    out->set_round_id(Raw(round.id().digest));
    out->set_phase(static_cast<types::v1::Phase>(slot.phase));
    out->set_author(slot.author.value);
    out->set_digest(Raw(*broadcast.certified()));
    for (const auto& votes : broadcast.certificate()) ToProto(*votes.envelope(), out->add_votes());
    const size_t size = frame->ByteSizeLong();
    if (total_ + size > kMaxServedBytes) return;
    total_ += size;
    frames_.push_back(std::move(frame));
  }
  std::vector<FramePtr> Take() {
    Close();
    return std::move(frames_);
  }

 private:
  void Close() {
    if (frame_) frames_.push_back(std::move(frame_));
    frame_ = nullptr;
    size_ = 0;
  }
  std::vector<FramePtr> frames_;
  std::shared_ptr<peer::v1::Frame> frame_;
  size_t size_ = 0, total_ = 0;
};

const Verified<Propose>* HeldPayload(const Broadcast& broadcast) {
  const Verified<Propose>* certified = broadcast.payload();
  return certified != nullptr ? certified : broadcast.first();
}

// The other's proposal is one that this node needs: any while it has none, then the certified one.
bool LacksPayload(const Broadcast& mine, const peer::v1::SlotHeld& held) {
  if (held.payload().empty()) return false;
  if (mine.certified()) {
    return mine.payload() == nullptr && held.payload() == mine.certified()->View();
  }
  if (mine.first() == nullptr) return true;
  return held.payload() == held.certified() &&
         held.payload() != mine.first()->body_digest().View();
}

}  // namespace

peer::v1::Have MakeHave(const Roster& roster, const Round& round) {
  peer::v1::Have have;
  have.set_round_id(Raw(round.id().digest));
  have.set_query(true);
  have.set_sponsored(!round.sponsors().empty());
  for (uint16_t i = 0; i < roster.n(); ++i) have.add_votes_held(round.ContiguousVotes(NodeIndex{i}));
  for (Phase phase : kPhases) {
    round.set(phase).panel().ForEach([&](NodeIndex author) {
      const Broadcast& broadcast = *round.set(phase).broadcast(author);
      const Verified<Propose>* payload = HeldPayload(broadcast);
      if (payload == nullptr && !broadcast.certified()) return;
      peer::v1::SlotHeld* slot = have.add_slots();
      slot->set_phase(static_cast<types::v1::Phase>(phase));
      slot->set_author(author.value);
      if (payload != nullptr) slot->set_payload(Raw(payload->body_digest()));
      if (broadcast.certified()) slot->set_certified(Raw(*broadcast.certified()));
    });
  }
  NodeSet decisions;
  for (const auto& [author, decision] : round.decisions()) decisions.Add(author);
  have.set_decisions(journal::EncodeNodes(decisions));
  return have;
}

std::optional<peer::v1::Want> Compare(const Roster& roster, const Round& round,
                                      const peer::v1::Have& theirs) {
  peer::v1::Want want;
  bool any = false;
  const int authors = std::min(theirs.votes_held_size(), roster.n());
  for (int i = 0; i < authors; ++i) {
    const uint64_t mine = round.ContiguousVotes(NodeIndex{static_cast<uint16_t>(i)});
    if (theirs.votes_held(i) <= mine) continue;
    peer::v1::VotesRange* range = want.add_votes();
    range->set_author(static_cast<uint32_t>(i));
    range->set_from(mine);
    any = true;
  }
  for (const peer::v1::SlotHeld& held : theirs.slots()) {
    if (held.author() >= static_cast<uint32_t>(roster.n()) || held.phase() > 1) continue;
    if (want.slots_size() > 2 * roster.n()) break;
    const auto phase = static_cast<Phase>(held.phase());
    const Broadcast* mine =
        round.set(phase).broadcast(NodeIndex{static_cast<uint16_t>(held.author())});
    if (mine == nullptr) continue;
    const bool certificate = !held.certified().empty() && !mine->certified();
    const bool payload = LacksPayload(*mine, held);
    if (!certificate && !payload) continue;
    peer::v1::SlotWanted* slot = want.add_slots();
    slot->set_phase(held.phase());
    slot->set_author(held.author());
    slot->set_certificate(certificate);
    slot->set_payload(payload);
    any = true;
  }
  NodeSet decisions;
  journal::DecodeNodes(theirs.decisions()).ForEach([&](NodeIndex author) {
    if (author.value < roster.n() && !round.decisions().contains(author)) decisions.Add(author);
  });
  if (!decisions.Empty()) {
    want.set_decisions(journal::EncodeNodes(decisions));
    any = true;
  }
  if (!any) return std::nullopt;
  want.set_round_id(Raw(round.id().digest));
  return want;
}

bool HoldsMore(const Roster& roster, const Round& round, const peer::v1::Have& theirs) {
  for (int i = 0; i < roster.n(); ++i) {
    const uint64_t held = i < theirs.votes_held_size() ? theirs.votes_held(i) : 0;
    if (round.ContiguousVotes(NodeIndex{static_cast<uint16_t>(i)}) > held) return true;
  }
  const NodeSet decisions = journal::DecodeNodes(theirs.decisions());
  for (const auto& [author, decision] : round.decisions()) {
    if (!decisions.Has(author)) return true;
  }
  std::map<Slot, const peer::v1::SlotHeld*> held;
  for (const peer::v1::SlotHeld& slot : theirs.slots()) {
    held[{static_cast<Phase>(slot.phase() & 1), NodeIndex{static_cast<uint16_t>(slot.author())}}] =
        &slot;
  }
  for (Phase phase : kPhases) {
    bool more = false;
    round.set(phase).panel().ForEach([&](NodeIndex author) {
      const Broadcast& mine = *round.set(phase).broadcast(author);
      const auto it = held.find({phase, author});
      const bool payload = it != held.end() && !it->second->payload().empty();
      const bool certified = it != held.end() && !it->second->certified().empty();
      more |= (HeldPayload(mine) != nullptr && !payload) || (mine.certified() && !certified);
    });
    if (more) return true;
  }
  return false;
}

std::vector<FramePtr> Serve(const Round& round, const peer::v1::Want& want) {
  Packer packer;
  if (want.query()) {
    packer.Add(*round.query().envelope());
    for (const auto& [author, sponsor] : round.sponsors()) packer.Add(*sponsor.envelope());
  }
  for (const peer::v1::SlotWanted& wanted : want.slots()) {
    if (wanted.author() >= limits::kMaxNodes || wanted.phase() > 1) continue;
    const Slot slot{static_cast<Phase>(wanted.phase()),
                    NodeIndex{static_cast<uint16_t>(wanted.author())}};
    const Broadcast* broadcast = round.set(slot.phase).broadcast(slot.author);
    if (broadcast == nullptr) continue;
    const Verified<Propose>* payload = HeldPayload(*broadcast);
    if (wanted.payload() && payload != nullptr) packer.Add(*payload->envelope());
    if (wanted.certificate() && broadcast->certified()) {
      packer.AddCertificate(round, slot, *broadcast);
    }
  }
  for (const peer::v1::VotesRange& range : want.votes()) {
    if (range.author() >= limits::kMaxNodes) continue;
    const auto votes = round.votes().find(NodeIndex{static_cast<uint16_t>(range.author())});
    if (votes == round.votes().end()) continue;
    for (auto it = votes->second.lower_bound(range.from()); it != votes->second.end(); ++it) {
      packer.Add(*it->second.envelope());
    }
  }
  journal::DecodeNodes(want.decisions()).ForEach([&](NodeIndex author) {
    const auto it = round.decisions().find(author);
    if (it != round.decisions().end()) packer.Add(*it->second.envelope());
  });
  return packer.Take();
}

FramePtr WantRecord(const RoundId& round, uint64_t from) {
  auto frame = std::make_shared<peer::v1::Frame>();
  frame->mutable_want()->set_round_id(Raw(round.digest));
  frame->mutable_want()->set_record(true);
  frame->mutable_want()->set_record_from(from);
  return frame;
}

FramePtr RecordPart(const peer::v1::Want& want, const std::string& bundle) {
  if (want.record_from() >= bundle.size()) return nullptr;
  auto frame = std::make_shared<peer::v1::Frame>();
  peer::v1::Record* record = frame->mutable_record();
  record->set_round_id(want.round_id());
  record->set_part(bundle.substr(want.record_from(), limits::kRecordPartBytes));
  record->set_offset(want.record_from());
  record->set_total(bundle.size());
  return frame;
}

}  // namespace decentd::exchange
