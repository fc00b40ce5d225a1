#include "tools/decentctl/round_progress.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

using Event = client::v1::RoundEvent;

const char* PhaseName(types::v1::Phase phase) {
  return phase == types::v1::PHASE_SHEET ? "scores" : "answers";
}

}  // namespace

std::string ClosedInWords(types::v1::Closed closed) {
  switch (closed) {
    case types::v1::CLOSED_SOFT:
      return "enough at the soft deadline";
    case types::v1::CLOSED_ABSENT:
      return "enough, and the missing nodes were away";
    case types::v1::CLOSED_HARD:
      return "the hard deadline passed";
    default:
      return "all arrived";
  }
}

std::string RoundProgress::NodeName(uint32_t index) const {
  if (roster_ != nullptr && index < static_cast<uint32_t>(roster_->n())) {
    return PrintableLine(roster_->node(NodeIndex{static_cast<uint16_t>(index)}).name);
  }
  return absl::StrCat("node ", index);
}

void RoundProgress::Apply(const Event& event) {
  last_seq_ = std::max(last_seq_, event.seq());
  PhaseState& phase = phases_[event.phase() == types::v1::PHASE_SHEET ? 1 : 0];
  const auto mark = [&](PhaseState& of, Slot slot) {
    if (!event.has_node() || event.node() >= limits::kMaxNodes) return;  // a node may say anything
    Slot& now = of.slots[event.node()];
    if (event.abstained()) slot = Slot::kAbstained;
    if (now != Slot::kAbstained && now < slot) now = slot;
  };
  switch (event.type()) {
    case Event::TYPE_ANSWER_RECEIVED:
      return mark(phases_[0], Slot::kReceived);
    case Event::TYPE_ANSWER_CERTIFIED:
      return mark(phases_[0], Slot::kCertified);
    case Event::TYPE_SHEET_RECEIVED:
      return mark(phases_[1], Slot::kReceived);
    case Event::TYPE_SHEET_CERTIFIED:
      return mark(phases_[1], Slot::kCertified);
    case Event::TYPE_PHASE_STARTED:
      phase.started = true;
      return;
    case Event::TYPE_PHASE_CLOSED:
      phase.started = phase.closed = true;
      phase.reason = event.closed();
      return;
    case Event::TYPE_DECIDED:
      decided_ = true;
      return;
    case Event::TYPE_FAILED:
      failed_ = true;
      failure_ = PrintableLine(event.detail());
      return;
    case Event::TYPE_CERTIFIED:
      certified_ = true;
      return;
    case Event::TYPE_GIVEN_UP:
      given_up_ = true;
      return;
    default:
      return;
  }
}

std::string RoundProgress::Describe(const Event& event) const {
  const std::string who = event.has_node() ? NodeName(event.node()) : "a node";
  const std::string detail = PrintableLine(event.detail());
  const std::string because = detail.empty() ? "" : absl::StrCat(": ", detail);
  switch (event.type()) {
    case Event::TYPE_ADMITTED:
      return "the round runs";
    case Event::TYPE_ANSWER_RECEIVED:
      return event.abstained() ? absl::StrCat(who, " abstained from answering", because)
                               : absl::StrCat(who, " answered");
    case Event::TYPE_SHEET_RECEIVED:
      return event.abstained() ? absl::StrCat(who, " abstained from scoring", because)
                               : absl::StrCat(who, " scored");
    case Event::TYPE_PHASE_STARTED:
      return absl::StrCat("collecting ", PhaseName(event.phase()));
    case Event::TYPE_PHASE_CLOSED:
      return absl::StrCat(PhaseName(event.phase()), " closed: ", ClosedInWords(event.closed()));
    case Event::TYPE_DECIDED:
      return "decided: the outcome is final";
    case Event::TYPE_FAILED:
      return absl::StrCat("the council agreed that the round failed", because);
    case Event::TYPE_CERTIFIED:
      return "certified: the proof is complete";
    case Event::TYPE_GIVEN_UP:
      return absl::StrCat("given up undecided", detail.empty() ? "" : ", without ", detail);
    default:
      return "";  // a certificate of a slot matters to the protocol, not to the reader
  }
}

std::string RoundProgress::PhaseLine(const char* title, Phase phase, const char* verb) const {
  const PhaseState& state = phases_[static_cast<int>(phase)];
  std::vector<uint32_t> members;
  if (roster_ != nullptr) {
    roster_->panel(phase).ForEach([&](NodeIndex i) { members.push_back(i.value); });
  } else {
    for (const auto& [index, slot] : state.slots) members.push_back(index);
  }
  size_t done = 0;
  std::string names;
  for (const uint32_t index : members) {
    const auto found = state.slots.find(index);
    const Slot slot = found == state.slots.end() ? Slot::kMissing : found->second;
    if (slot == Slot::kReceived || slot == Slot::kCertified) ++done;
    const char* sign = slot == Slot::kCertified   ? "●"
                       : slot == Slot::kReceived  ? "◐"
                       : slot == Slot::kAbstained ? "✗"
                                                  : "·";
    absl::StrAppend(&names, "  ", sign, " ", NodeName(index));
  }
  const std::string of = roster_ != nullptr ? absl::StrCat(" of ", members.size()) : "";
  const std::string now = state.closed    ? absl::StrCat("  ", ClosedInWords(state.reason))
                          : state.started ? ""
                                          : "  not started";
  return absl::StrCat("  ", title, "  ", done, of, " ", verb, now, names);
}

std::vector<std::string> RoundProgress::Picture(absl::Duration elapsed, size_t width) const {
  const char* phase = certified_           ? "certified"
                      : given_up_          ? "given up undecided"
                      : failed_            ? "failed as agreed, collecting signatures"
                      : decided_           ? "decided, collecting signatures"
                      : phases_[1].closed  ? "deciding"
                      : phases_[1].started ? "scoring the answers"
                      : phases_[0].closed  ? "agreed on the answers"
                      : phases_[0].started ? "collecting answers"
                                           : "starting";
  std::vector<std::string> lines = {absl::StrCat(DurationText(elapsed), "  ", phase),
                                    PhaseLine("answers", Phase::kAnswer, "answered"),
                                    PhaseLine("scores ", Phase::kSheet, "scored")};
  for (std::string& line : lines) line = Shorten(line, width);
  return lines;
}

}  // namespace decentd
