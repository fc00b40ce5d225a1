#include "tests/sim/transcript.h"

#include <cstring>
#include <type_traits>

#include "node/codec/peer_codec.h"

namespace decentd::sim {
namespace {

std::string Name(const Slot& slot) {
  return (slot.phase == Phase::kAnswer ? "A" : "S") + std::to_string(slot.author.value);
}

std::string Words(const Vote& vote) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, vote::Enter>) {
          return std::string("ENTER ") + (v.phase == Phase::kAnswer ? "A" : "S");
        } else if constexpr (std::is_same_v<T, vote::Echo>) {
          return "ECHO " + Name(v.slot) + "=" + v.digest.Hex().substr(0, 6);
        } else if constexpr (std::is_same_v<T, vote::Est>) {
          return "EST[" + std::to_string(v.round) + "] " + Name(v.slot) + "=" +
                 std::to_string(v.value);
        } else if constexpr (std::is_same_v<T, vote::Aux>) {
          const char* values[] = {"", "{0}", "{1}", "{0,1}"};
          return "AUX[" + std::to_string(v.round) + "] " + Name(v.slot) + "=" + values[v.values];
        } else if constexpr (std::is_same_v<T, vote::Hint>) {
          return "HINT[" + std::to_string(v.round) + "] " + Name(v.slot) + "=" +
                 std::to_string(v.value);
        } else {
          return "DECIDED " + Name(v.slot) + "=" + std::to_string(v.value);
        }
      },
      vote);
}

std::string Words(const AnyVerified& said) {
  return std::visit(
      [](const auto& m) -> std::string {
        using T = std::decay_t<decltype(*m)>;
        std::string text(KindName(m.envelope()->kind));
        if constexpr (std::is_same_v<T, Propose>) {
          const char* payloads[] = {" an answer", " a sheet", " an abstention"};
          text += payloads[m->payload.index()] + (" " + m.body_digest().Hex().substr(0, 6));
        } else if constexpr (std::is_same_v<T, Votes>) {
          text += " " + std::to_string(m->seq) + ":";
          for (const Vote& vote : m->votes) text += " " + Words(vote) + ";";
        }
        return text;
      },
      said);
}

const char* Words(RoundEvent::Type type) {
  static constexpr const char* kNames[] = {
      "", "joins", "receives the answer of", "holds certified the answer of",
      "receives the sheet of", "holds certified the sheet of", "enters a phase", "ends a phase",
      "knows the decision", "holds the round's certificate", "knows the failure"};
  return kNames[static_cast<size_t>(type)];
}

}  // namespace

void Transcript::Fold(uint64_t word) {
  digest_ = (digest_ ^ word) * 0x9fb21c651e98df25ull;
  digest_ ^= digest_ >> 29;
}

void Transcript::Fold(std::string_view bytes) {
  Fold(bytes.size());
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    Fold(word);
  }
  for (char c : bytes) Fold(static_cast<uint8_t>(c));
}

void Transcript::Line(const Node& node, const std::string& text) {
  *text_ << world_.now_ms() << " node " << node.self().value << " " << text << "\n";
}

void Transcript::OnStart(const Node& node) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold(1 + node.self().value);
  if (text_) Line(node, "starts");
}

void Transcript::OnStop(const Node& node) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold(200 + node.self().value);
  if (text_) Line(node, "stops");
}

void Transcript::OnLink(const Node& node, NodeIndex peer, bool up) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold((node.self().value * 256u + peer.value) * 2 + up);
  if (text_) Line(node, (up ? "links with " : "loses ") + std::to_string(peer.value));
}

void Transcript::OnDelivered(const Node& node, NodeIndex from, const peer::v1::Frame& frame) {
  Fold(static_cast<uint64_t>(world_.now_ms()));
  Fold(node.self().value * 256u + from.value);
  Fold(static_cast<uint64_t>(frame.kind_case()));
  for (const auto& envelope : frame.envelopes().envelopes()) Fold(envelope.signature());
  if (frame.has_want()) Fold(frame.ByteSizeLong());
  if (frame.has_have()) Fold(frame.ByteSizeLong());
}

void Transcript::OnSaid(const Node& node, const AnyVerified& said) {
  if (text_) Line(node, "says " + Words(said));
}

void Transcript::OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) {
  Fold(static_cast<uint64_t>(event.type));
  Fold(event.seq);
  if (!text_) return;
  std::string text = "(" + round.Hex().substr(0, 4) + ") " + Words(event.type);
  if (event.node) text += " " + std::to_string(event.node->value);
  if (event.type == RoundEvent::Type::kPhaseStarted ||
      event.type == RoundEvent::Type::kPhaseClosed) {
    static constexpr const char* kWhy[] = {"", " by the soft deadline", " by absence",
                                           " by the hard deadline"};
    text += std::string(event.phase == Phase::kAnswer ? " A" : " S") +
            kWhy[static_cast<size_t>(event.closed)];
  }
  if (event.abstained) text += ", an abstention";
  if (!event.detail.empty()) text += ": " + event.detail;
  Line(node, text);
}

void Transcript::OnFault(const Node& node, NodeIndex peer, FaultKind kind) {
  Fold(static_cast<uint64_t>(kind));
  if (text_) Line(node, "counts " + std::string(FaultName(kind)) + " against " + std::to_string(peer.value));
}

void Transcript::OnReport(const Node& node, const std::string& text) {
  Fold(text);
  if (text_) Line(node, "reports: " + text);
}

}  // namespace decentd::sim
