// A run as one number that two equal runs share.
#pragma once

#include <string_view>

#include "tests/sim/observer.h"
#include "tests/sim/world.h"

namespace decentd::sim {

class RunDigest final : public Observer {
 public:
  explicit RunDigest(const World& world) : world_(world) {}

  void OnStart(const Node& node) override;
  void OnStop(const Node& node) override;
  void OnLink(const Node& node, NodeIndex peer, bool up) override;
  void OnDelivered(const Node& node, NodeIndex from, const peer::v1::Frame& frame) override;
  void OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) override;
  void OnFault(const Node& node, NodeIndex peer, FaultKind kind) override;
  void OnReport(const Node& node, const std::string& text) override;

  uint64_t value() const { return digest_; }

 private:
  void Fold(uint64_t word);
  void Fold(std::string_view bytes);

  const World& world_;
  uint64_t digest_ = 0;
};

}  // namespace decentd::sim
