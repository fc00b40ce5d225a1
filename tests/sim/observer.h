// What a run shows to those that watch it: checkers, coverage, transcripts. Everything is of honest
// nodes; what liars do is seen where it arrives. Callbacks come in the order of the run.
#pragma once

#include <optional>
#include <string>

#include "node/codec/verifier.h"
#include "tests/sim/network.h"
#include "tests/sim/node.h"

namespace decentd::sim {

class World;

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnStart(const Node&) {}
  virtual void OnStop(const Node&) {}
  virtual void OnLink(const Node&, NodeIndex /*peer*/, bool /*up*/) {}
  virtual void OnDelivered(const Node&, NodeIndex /*from*/, const peer::v1::Frame&) {}
  virtual void OnStepped(const Node&) {}
  virtual void OnWritten(const Node&, const WriteBatch&) {}
  // A frame leaves; a statement of its own in it comes before, whenever it is sent.
  virtual void OnSent(const Node&, std::optional<NodeIndex> /*to*/, const peer::v1::Frame&) {}
  virtual void OnSaid(const Node&, const AnyVerified&) {}
  virtual void OnPublished(const Node&, const RoundId&, const RoundEvent&) {}
  virtual void OnSubmitted(const Node&, const absl::StatusOr<RoundId>&) {}
  virtual void OnFault(const Node&, NodeIndex /*peer*/, FaultKind) {}
  virtual void OnReport(const Node&, const std::string&) {}
  // A node was given back a disk that may lack what it said.
  virtual void OnForgot(const Node&, bool /*accepted*/) {}
  virtual void OnEnd(const World&) {}
};

}  // namespace decentd::sim
