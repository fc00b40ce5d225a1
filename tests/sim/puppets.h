// Liars that run the production node and change what it says on the way out.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/adversaries.h"
#include "tests/sim/models.h"
#include "tests/sim/node.h"

namespace decentd::sim {

class Puppets : public Adversary, private Node::Outside {
 public:
  // `twins`: so many nodes run under each key; peer i hears from the one of number i mod twins.
  explicit Puppets(AdversaryHandle handle, int twins = 1);

  void Begin() override;
  void OnFrame(int to, int from, const action::FramePtr& frame) override;
  void OnLink(int node, int peer, bool up) override;

 protected:
  using Frame = peer::v1::Frame;
  using WireEnvelope = types::v1::Envelope;
  // What becomes of one envelope that one of its nodes signed, on the way to a peer; false: dropped.
  virtual bool Change(int /*from*/, int /*to*/, WireEnvelope*) { return true; }
  virtual std::unique_ptr<SimModels> MakeModels(int node);
  void Resign(int from, Kind kind, std::string body, WireEnvelope* envelope) const;
  // Every Votes in the frame that decodes.
  void ForEachVotes(const Frame& frame,
                    const std::function<void(const WireEnvelope&, const Votes&)>& visit) const;
  void Crash(int node);
  void Restart(int node);

  AdversaryHandle handle_;

 private:
  void OnSend(Node& node, std::optional<NodeIndex> to, const action::FramePtr& frame) override;
  void SendChanged(int from, int to, const action::FramePtr& frame);

  const int twins_;
  std::map<int, std::unique_ptr<SimModels>> models_;
  std::map<int, std::vector<std::unique_ptr<Node>>> nodes_;
};

}  // namespace decentd::sim
