// A run as text that a person can read, and as one number that two equal runs share.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "tests/sim/observer.h"
#include "tests/sim/world.h"

namespace decentd::sim {

class Transcript final : public Observer {
 public:
  // Null: no text, only the digest.
  Transcript(const World& world, std::ostream* text) : world_(world), text_(text) {}

  void OnStart(const Node& node) override;
  void OnStop(const Node& node) override;
  void OnLink(const Node& node, NodeIndex peer, bool up) override;
  void OnDelivered(const Node& node, NodeIndex from, const peer::v1::Frame& frame) override;
  void OnSaid(const Node& node, const AnyVerified& said) override;
  void OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) override;
  void OnFault(const Node& node, NodeIndex peer, FaultKind kind) override;
  void OnReport(const Node& node, const std::string& text) override;

  uint64_t digest() const { return digest_; }

 private:
  void Line(const Node& node, const std::string& text);
  void Fold(uint64_t word);
  void Fold(std::string_view bytes);

  const World& world_;
  std::ostream* const text_;
  uint64_t digest_ = 0;
};

}  // namespace decentd::sim
