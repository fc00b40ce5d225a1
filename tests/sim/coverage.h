// Which branches of the protocol a run reached, as seen from outside. Values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/observer.h"
#include "tests/sim/world.h"

namespace decentd::sim {

class Coverage final : public Observer {
 public:
  void OnStart(const Node& node) override;
  void OnSent(const Node&, std::optional<NodeIndex> to, const peer::v1::Frame& frame) override;
  void OnSaid(const Node&, const AnyVerified& said) override;
  void OnWritten(const Node&, const WriteBatch& batch) override;
  void OnPublished(const Node&, const RoundId&, const RoundEvent& event) override;
  void OnFault(const Node&, NodeIndex, FaultKind kind) override;
  void OnReport(const Node&, const std::string& text) override;
  void OnEnd(const World& world) override;

  // Branches by name, with 1 for each that was reached.
  const std::map<std::string, uint64_t>& reached() const { return reached_; }

 private:
  void Reach(const std::string& branch) { reached_[branch] = 1; }
  std::map<std::string, uint64_t> reached_;
};

// Branches that a swarm of the default size reaches; a swarm that misses one does not test it.
const std::vector<std::string>& ExpectedBranches();

}  // namespace decentd::sim
