// The canonical bytes of a roster and back. Addresses are outside: a node may move without a new
// cluster. Every number has a fixed width and every text its length, so there is one encoding.
#include <utility>

#include "node/core/bytes.h"
#include "node/core/limits.h"
#include "node/core/roster.h"

namespace decentd {
namespace {

constexpr std::string_view kMagic = "decentd/roster";
constexpr uint16_t kVersion = 1;
constexpr uint16_t kDefaultFaulty = 0xFFFF;  // -1: the default of the SPEC

constexpr uint8_t kWorkerBit = 1, kEvaluatorBit = 2;
constexpr uint8_t kSameOwnerBit = 1, kSameFamilyBit = 2;

uint8_t Bits(bool first, bool second) { return (first ? 1 : 0) | (second ? 2 : 0); }

void Write(ByteWriter& out, const PhaseDeadlines& d) {
  for (uint32_t ms : {d.soft_ms, d.hard_ms, d.min_soft_ms, d.min_hard_ms}) out.U32(ms);
}

PhaseDeadlines ReadDeadlines(ByteReader& in) {
  PhaseDeadlines d;
  for (uint32_t* ms : {&d.soft_ms, &d.hard_ms, &d.min_soft_ms, &d.min_hard_ms}) *ms = in.U32();
  return d;
}

void WriteFaulty(ByteWriter& out, int faulty) {
  out.U16(faulty < 0 ? kDefaultFaulty : static_cast<uint16_t>(faulty));
}

int ReadFaulty(ByteReader& in) {
  const uint16_t faulty = in.U16();
  return faulty == kDefaultFaulty ? -1 : faulty;
}

RosterParameters ReadParameters(ByteReader& in) {
  RosterParameters p;
  p.rule = static_cast<Rule>(in.U8());
  p.criteria.clear();
  const uint16_t criteria = in.U16();
  for (size_t i = 0; i < criteria && in.ok(); ++i) p.criteria.emplace_back(in.String());
  p.answer = ReadDeadlines(in);
  p.sheet = ReadDeadlines(in);
  p.absent_after_ms = in.U32();
  p.hint_base_ms = in.U32();
  p.longest_lifetime_ms = in.U64();
  p.rounds_per_sponsor = in.U32();
  p.faulty_workers = ReadFaulty(in);
  p.faulty_evaluators = ReadFaulty(in);
  const uint8_t drops = in.U8();
  p.drop_same_owner = drops & kSameOwnerBit;
  p.drop_same_family = drops & kSameFamilyBit;
  return p;
}

RosterNode ReadNode(ByteReader& in) {
  RosterNode node;
  node.name = in.String();
  node.key = PublicKey::FromBytes(in.Raw(PublicKey::kSize)).value_or(PublicKey{});
  const uint8_t roles = in.U8();
  node.worker = roles & kWorkerBit;
  node.evaluator = roles & kEvaluatorBit;
  node.owner = in.String();
  node.model_family = in.String();
  return node;
}

}  // namespace

std::string Roster::CanonicalBytes() const {
  const RosterParameters& p = parameters_;
  ByteWriter out;
  out.Raw(kMagic);
  out.U16(kVersion);
  out.U32(epoch_);
  out.U8(static_cast<uint8_t>(p.rule));
  out.U16(static_cast<uint16_t>(p.criteria.size()));
  for (const std::string& criterion : p.criteria) out.String(criterion);
  Write(out, p.answer);
  Write(out, p.sheet);
  out.U32(p.absent_after_ms);
  out.U32(p.hint_base_ms);
  out.U64(p.longest_lifetime_ms);
  out.U32(p.rounds_per_sponsor);
  WriteFaulty(out, p.faulty_workers);
  WriteFaulty(out, p.faulty_evaluators);
  out.U8(Bits(p.drop_same_owner, p.drop_same_family));
  out.U16(static_cast<uint16_t>(nodes_.size()));
  for (const RosterNode& node : nodes_) {
    out.String(node.name);
    out.Raw(node.key.View());
    out.U8(Bits(node.worker, node.evaluator));
    out.String(node.owner);
    out.String(node.model_family);
  }
  return out.bytes();
}

std::optional<Roster> Roster::FromCanonicalBytes(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic || in.U16() != kVersion) return std::nullopt;
  const uint32_t epoch = in.U32();
  RosterParameters parameters = ReadParameters(in);
  const uint16_t n = in.U16();
  if (n > limits::kMaxNodes) return std::nullopt;
  std::vector<RosterNode> nodes;
  for (size_t i = 0; i < n && in.ok(); ++i) nodes.push_back(ReadNode(in));
  if (!in.AtEnd() || !Problem(nodes, parameters).empty()) return std::nullopt;
  Roster roster(epoch, std::move(nodes), std::move(parameters));
  if (roster.CanonicalBytes() != bytes) return std::nullopt;
  return roster;
}

}  // namespace decentd
