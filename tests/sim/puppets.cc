#include "tests/sim/puppets.h"

namespace decentd::sim {

Puppets::Puppets(AdversaryHandle handle, int twins) : handle_(std::move(handle)), twins_(twins) {}

void Puppets::Begin() {
  Node::Outside& outside = *this;
  for (int node : handle_.own()) {
    models_[node] = MakeModels(node);
    for (int twin = 0; twin < twins_; ++twin) {
      nodes_[node].push_back(std::make_unique<Node>(
          handle_.cluster(), handle_.scheduler(), outside, *models_[node],
          Node::Options{Index(node), handle_.plan().longest_sync_ms,
                        handle_.random.Fork(static_cast<uint64_t>(node * 8 + twin)),
                        handle_.plan().keep}));
    }
    Restart(node);
  }
}

std::unique_ptr<SimModels> Puppets::MakeModels(int node) {
  return std::make_unique<SeededModels>(handle_.plan().ModelsOf(node), Index(node),
                                        handle_.random.Fork(static_cast<uint64_t>(99 + node)));
}

void Puppets::Restart(int node) {
  for (auto& twin : nodes_[node]) {
    if (!twin->up() && !twin->Start().ok()) return;
  }
  handle_.SetUp(node, true);
}

void Puppets::Crash(int node) {
  handle_.SetUp(node, false);
  for (auto& twin : nodes_[node]) twin->Crash();
}

// What others saw of its lies would stop an honest node; it does not hear its own name.
void Puppets::OnFrame(int to, int from, const action::FramePtr& frame) {
  Frame heard = *frame;
  if (frame->has_envelopes()) {
    auto& envelopes = *heard.mutable_envelopes()->mutable_envelopes();
    for (int i = envelopes.size() - 1; i >= 0; --i) {
      if (envelopes[i].author() == static_cast<uint32_t>(to)) envelopes.DeleteSubrange(i, 1);
    }
  }
  for (auto& twin : nodes_[to]) twin->OnFrame(Index(from), heard);
}

void Puppets::OnLink(int node, int peer, bool up) {
  for (auto& twin : nodes_[node]) twin->OnLink(Index(peer), up);
}

void Puppets::Resign(int from, Kind kind, std::string body, WireEnvelope* envelope) const {
  if (const auto signed_again = handle_.SignBody(from, kind, std::move(body))) {
    ToProto(*signed_again, envelope);
  }
}

void Puppets::ForEachVotes(
    const Frame& frame,
    const std::function<void(const WireEnvelope&, const Votes&)>& visit) const {
  for (const WireEnvelope& envelope : frame.envelopes().envelopes()) {
    if (envelope.kind() != types::v1::KIND_VOTES) continue;
    if (const auto votes = DecodeVotes(handle_.roster(), envelope.body())) visit(envelope, *votes);
  }
}

void Puppets::OnSend(Node& node, std::optional<NodeIndex> to, const action::FramePtr& frame) {
  const int from = node.self().value;
  for (int i = 0; i < handle_.roster().n(); ++i) {
    if (i == from || (to && to->value != i)) continue;
    if (&node != nodes_[from][static_cast<size_t>(i % twins_)].get()) continue;
    SendChanged(from, i, frame);
  }
}

void Puppets::SendChanged(int from, int to, const action::FramePtr& frame) {
  if (!frame->has_envelopes()) return handle_.Send(from, to, frame);
  auto changed = std::make_shared<Frame>(*frame);
  auto& envelopes = *changed->mutable_envelopes()->mutable_envelopes();
  for (int i = envelopes.size() - 1; i >= 0; --i) {
    if (envelopes[i].author() != static_cast<uint32_t>(from)) continue;
    if (!Change(from, to, &envelopes[i])) envelopes.DeleteSubrange(i, 1);
  }
  if (!envelopes.empty()) handle_.Send(from, to, std::move(changed));
}

}  // namespace decentd::sim
