#include "tests/sim/transcript.h"

#include <algorithm>
#include <iomanip>

#include "node/codec/peer_codec.h"
#include "node/runtime/journal.h"
#include "node/runtime/keys.h"

namespace decentd::sim {
namespace {

std::string List(const NodeSet& nodes) {
  std::string text;
  nodes.ForEach([&](NodeIndex node) { text += (text.empty() ? "" : " ") + Name(node); });
  return text;
}

std::string SlotName(types::v1::Phase phase, uint32_t author) {
  return Name(Slot{static_cast<Phase>(phase), NodeIndex{static_cast<uint16_t>(author)}});
}

std::vector<std::string> Wishes(const peer::v1::Want& want) {
  std::vector<std::string> wishes;
  if (want.query()) wishes.push_back("the Query");
  if (want.record()) wishes.push_back("the record");
  for (const auto& range : want.votes()) {
    wishes.push_back(std::to_string(range.author()) + "." + std::to_string(range.from()) +
                     " and later");
  }
  for (const auto& slot : want.slots()) {
    const std::string name = SlotName(slot.phase(), slot.author());
    if (slot.payload()) wishes.push_back(name);
    if (slot.certificate()) wishes.push_back("certificate of " + name);
  }
  journal::DecodeNodes(want.decisions()).ForEach([&](NodeIndex author) {
    wishes.push_back("D" + std::to_string(author.value));
  });
  return wishes;
}

// The events of a batch that nothing else in the text shows.
std::vector<std::string> Journaled(const std::string& bytes) {
  std::vector<std::string> words;
  store::v1::JournalRecord record;
  if (!record.ParseFromString(bytes)) return {"a journal record that does not parse"};
  for (const auto& event : record.events()) {
    if (event.has_timer()) {
      const auto type = static_cast<TimerType>(event.timer().type());
      const bool binary = type == TimerType::kHintWait || type == TimerType::kAuxWait;
      const std::string slot = SlotName(event.timer().phase(), event.timer().slot());
      const std::string round = " in round " + std::to_string(event.timer().number()) + " of ";
      words.push_back(Words(type) + (binary ? round + slot : " of " + slot.substr(0, 1)) +
                      " has passed");
    } else if (event.has_unlinked()) {
      const NodeSet nodes = journal::DecodeNodes(event.unlinked());
      words.push_back(nodes.Empty() ? "all are linked" : "without a link for long: " + List(nodes));
    }
  }
  return words;
}

}  // namespace

std::string Transcript::Join(const Line& line) {
  std::string text = line.verb;
  const char* separator = " ";
  for (const auto& [part, words] : line.parts) {
    if (part.empty() && words.empty()) continue;
    text += separator + part + (part.empty() || words.empty() ? "" : " ") + words;
    separator = "; ";
  }
  return text;
}

Transcript::Transcript(const World& world, std::ostream& text)
    : world_(world), text_(text), verifier_(world.roster(), world.cluster().scheme()) {
  const Plan& plan = world.plan();
  for (size_t i = 0; i < plan.questions.size(); ++i) {
    plan_.emplace(plan.questions[i].at_ms, "q" + std::to_string(i) + ": a client asks " +
                                               Name(Index(plan.questions[i].node)));
  }
  for (size_t i = 0; i < plan.faults.size(); ++i) {
    plan_.emplace(plan.faults[i].from_ms, "f" + std::to_string(i) + " begins");
    plan_.emplace(plan.faults[i].until_ms, "f" + std::to_string(i) + " is over");
  }
}

void Transcript::MoveTime() {
  if (world_.now_ms() == time_ms_) return;
  WriteLines();
  time_ms_ = world_.now_ms();
  while (!plan_.empty() && plan_.begin()->first <= time_ms_) {
    text_ << std::setw(6) << plan_.begin()->first << " -- " << plan_.begin()->second << "\n";
    plan_.erase(plan_.begin());
  }
}

// Each node's lines stay in their order. Of different nodes the first lines come first, then the
// second ones, and equal ones are one.
void Transcript::WriteLines() {
  while (!lines_.empty()) {
    std::vector<std::pair<std::string, std::string>> told;  // which nodes, and what
    for (auto& [node, lines] : lines_) {
      const std::string words = Join(lines.front());
      lines.pop_front();
      const auto same =
          std::ranges::find_if(told, [&](const auto& one) { return one.second == words; });
      if (same == told.end()) {
        told.emplace_back("n" + std::to_string(node), words);
      } else {
        same->first += " n" + std::to_string(node);
      }
    }
    for (const auto& [nodes, words] : told) {
      text_ << std::setw(6) << time_ms_ << " " << nodes << " " << words << "\n";
    }
    std::erase_if(lines_, [](const auto& one) { return one.second.empty(); });
  }
}

void Transcript::Add(const Node& node, const std::string& verb, const std::string& part,
                     const std::string& word) {
  MoveTime();
  std::deque<Line>& lines = lines_[node.self().value];
  if (lines.empty() || lines.back().verb != verb || lines.back().whole) lines.push_back({verb, {}});
  auto& parts = lines.back().parts;
  if (!parts.empty() && parts.back().first == part && !word.empty()) {
    parts.back().second += " " + word;
  } else {
    parts.emplace_back(part, word);
  }
}

void Transcript::Alone(const Node& node, const std::string& verb, const std::string& word) {
  MoveTime();
  lines_[node.self().value].push_back({verb, {{word, ""}}, true});
}

std::string Transcript::Of(const RoundId& round) {
  if (world_.plan().questions.size() < 2) return "";
  const auto [it, added] = letters_.emplace(round, static_cast<char>('a' + letters_.size()));
  return std::string("(") + it->second + ") ";
}

void Transcript::OnStart(const Node& node) {
  if (world_.now_ms() > 0) Add(node, "starts", "");
}

void Transcript::OnStop(const Node& node) {
  arrived_.erase(node.self().value);
  Add(node, "stops", "");
}

void Transcript::OnForgot(const Node& node, bool accepted) {
  Add(node, accepted ? "is given a new disk, and the operator accepts that"
                     : "is given an old copy of its disk", "");
}

void Transcript::OnLink(const Node& node, NodeIndex peer, bool up) {
  const auto& questions = world_.plan().questions;
  if (up && (questions.empty() || world_.now_ms() < questions.front().at_ms)) return;
  Add(node, up ? "links with" : "loses its link with", "", Name(peer));
}

// Nothing for what is not worth a word.
std::string Transcript::Arrived(const Node& node, const types::v1::Envelope& proto) {
  if (proto.kind() == types::v1::KIND_HEARTBEAT) return "";
  if (!arrived_[node.self().value].insert(proto.signature()).second) return "";
  const auto envelope = FromProto(proto);
  if (!envelope) return "(no envelope)";
  const auto verified = verifier_.Verify(*envelope);
  if (const auto* fault = std::get_if<FaultKind>(&verified)) {
    return "(" + std::string(FaultName(*fault)) + ")";
  }
  const auto* statement = std::get_if<AnyVerified>(&verified);
  const auto [name, first] = names_.Of(*statement);
  const std::string content = first ? names_.Content(*statement) : "";
  return content.empty() ? name : name + " (" + content + ")";
}

void Transcript::OnDelivered(const Node& node, NodeIndex from, const peer::v1::Frame& frame) {
  if (!node.up()) return;
  const std::string part = Name(from) + ":";
  for (const auto& proto : frame.envelopes().envelopes()) {
    const std::string word = Arrived(node, proto);
    if (!word.empty()) Add(node, "<", part, word);
  }
  if (frame.has_certificate()) {
    Add(node, "<", part,
        "certificate of " + SlotName(frame.certificate().phase(), frame.certificate().author()));
  }
  if (frame.has_record()) Add(node, "<", part, "the record");
}

void Transcript::OnWritten(const Node& node, const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.type != WriteBatch::Operation::Type::kPut) continue;
    if (operation.key.starts_with(keys::kJournal)) {
      for (const std::string& words : Journaled(operation.value)) Add(node, "writes", words);
    }
    if (operation.key.starts_with(keys::kSummary)) {
      Add(node, "writes", Of(*keys::RoundOf(operation.key)) + "the record");
    }
    if (operation.key.starts_with(keys::kEvidence)) Add(node, "writes", "evidence");
    if (operation.key.starts_with(keys::kTombstone)) Add(node, "writes", "a tombstone");
    if (operation.key == keys::kHalted) Add(node, "writes", "that it does not vote any more");
  }
}

void Transcript::OnSent(const Node& node, std::optional<NodeIndex> to,
                        const peer::v1::Frame& frame) {
  for (const auto& proto : frame.envelopes().envelopes()) {
    arrived_[node.self().value].insert(proto.signature());
  }
  if (!to) return;
  if (frame.has_want()) {
    for (const std::string& wish : Wishes(frame.want())) {
      Add(node, "asks " + Name(*to) + " for", wish);
    }
  }
  if (frame.have().closed_size() > 0) Add(node, "offers its records to", "", Name(*to));
}

void Transcript::OnSaid(const Node& node, const AnyVerified& said) {
  const auto [name, first] = names_.Of(said);
  if (!first) return;  // sent again to a peer that asked
  const std::string content = names_.Content(said);
  std::string round;
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m->round; }) round = Of(m->round);
      },
      said);
  Alone(node, round + "says", name + (content.empty() ? "" : ": " + content));
}

void Transcript::OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) {
  using Type = RoundEvent::Type;
  const std::string verb = Of(round) + "tells";
  switch (event.type) {
    case Type::kAdmitted: return Add(node, verb, "joined");
    case Type::kAnswerCertified:
    case Type::kSheetCertified:
      return Add(node, verb, "certified", Name(Slot{event.phase, *event.node}));
    case Type::kPhaseStarted: return Add(node, verb, Name(event.phase) + " begins");
    case Type::kPhaseClosed:
      return Add(node, verb, Name(event.phase) + " ends" + Words(event.closed));
    case Type::kDecided: return Add(node, verb, "decided");
    case Type::kCertified: return Add(node, verb, "the decision is certified");
    case Type::kFailed: return Add(node, verb, "failed: " + event.detail);
    case Type::kGivenUp: return Add(node, verb, "given up: " + event.detail);
    default: return;  // the receipt of a proposal, which is told as it arrives
  }
}

void Transcript::OnFault(const Node& node, NodeIndex peer, FaultKind kind) {
  Add(node, "counts against " + Name(peer), std::string(FaultName(kind)));
}

void Transcript::OnReport(const Node& node, const std::string& text) { Add(node, "reports", text); }

void Transcript::OnEnd(const World&) { WriteLines(); }

}  // namespace decentd::sim
