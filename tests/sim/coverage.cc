#include "tests/sim/coverage.h"

#include <algorithm>

#include "node/core/verdict.h"
#include "node/runtime/archive.h"
#include "node/runtime/keys.h"

namespace decentd::sim {

void Coverage::OnStart(const Node& node) {
  if (node.boot() > 1 && node.replica().open_rounds() > 0) Reach("restart within a round");
}

void Coverage::OnSent(const Node&, std::optional<NodeIndex>, const peer::v1::Frame& frame) {
  if (frame.has_certificate()) Reach("certificate relayed");
  if (frame.has_record()) Reach("record served");
  if (frame.want().query()) Reach("query fetched");
  if (frame.want().votes_size() > 0) Reach("votes fetched");
  for (const auto& slot : frame.want().slots()) {
    if (slot.payload()) Reach("payload fetched");
  }
}

void Coverage::OnSaid(const Node&, const AnyVerified& said) {
  const auto* votes = std::get_if<Verified<Votes>>(&said);
  if (votes == nullptr) return;
  for (const Vote& vote : (*votes)->votes) {
    if (const auto* aux = std::get_if<vote::Aux>(&vote)) {
      if (aux->round >= 2) Reach("second round of binary agreement");
      if (aux->round >= 3) Reach("third round of binary agreement");
      if (aux->values == 3) Reach("AUX of both values");
    }
    if (std::holds_alternative<vote::Hint>(vote)) Reach("hint sent");
    if (const auto* est = std::get_if<vote::Est>(&vote); est && est->round == 1) {
      Reach("input 0");
    }
  }
}

void Coverage::OnWritten(const Node&, const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.key.starts_with(keys::kEvidence)) Reach("evidence stored");
    if (operation.key == keys::kHalted) Reach("node halted");
  }
}

void Coverage::OnPublished(const Node&, const RoundId&, const RoundEvent& event) {
  using Type = RoundEvent::Type;
  if (event.abstained) Reach("abstention");
  if (event.type == Type::kFailed) Reach(event.detail);
  if (event.type == Type::kDecided) Reach("decided");
  if (event.type != Type::kPhaseClosed) return;
  if (event.closed == Closed::kNone) Reach("phase closed by nobody");
  if (event.closed == Closed::kSoft) Reach("phase closed by the soft deadline");
  if (event.closed == Closed::kAbsent) Reach("phase closed by absence");
  if (event.closed == Closed::kHard) Reach("phase closed by the hard deadline");
}

void Coverage::OnFault(const Node&, NodeIndex, FaultKind kind) {
  Reach("fault " + std::string(FaultName(kind)));
}

void Coverage::OnReport(const Node&, const std::string& text) {
  if (text.find("taken over") != std::string::npos) Reach("record taken over");
}

void Coverage::OnEnd(const World& world) {
  for (int i = 0; i < world.plan().n; ++i) {
    if (!world.honest(i) || !world.node(i).up()) continue;
    for (const auto& [author, faults] : world.node(i).replica().faults()) {
      for (const auto& [kind, count] : faults) Reach("fault " + std::string(FaultName(kind)));
    }
  }
}

const std::vector<std::string>& ExpectedBranches() {
  static const std::vector<std::string> branches = {
      "AUX of both values", "abstention", "certificate relayed", "decided", "evidence stored",
      "fault bad_signature", "fault equivocation", "fault invalid_certificate",
      "fault invalid_sheet", "fault undecodable", "input 0", "node halted", "payload fetched",
      "phase closed by absence", "phase closed by nobody", "phase closed by the hard deadline",
      "phase closed by the soft deadline", "query fetched", "record served", "record taken over",
      "restart within a round", "second round of binary agreement",
      "third round of binary agreement", "too_few_answers", "too_few_sheets", "votes fetched"};
  return branches;
}

}  // namespace decentd::sim
