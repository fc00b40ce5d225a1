// A run as text that a person can read line by line: what reaches each honest node (<), what it has
// made durable (writes), what it says then, asks of peers and tells its clients, in the order in
// which it does so. words.h has the names. Left out are heartbeats, comparisons that find nothing
// missing, what a node receives for the second time, and links that come up before all begins.
#pragma once

#include <deque>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/observer.h"
#include "tests/sim/words.h"
#include "tests/sim/world.h"

namespace decentd::sim {

class Transcript final : public Observer {
 public:
  Transcript(const World& world, std::ostream& text);

  void OnStart(const Node& node) override;
  void OnStop(const Node& node) override;
  void OnForgot(const Node& node, bool accepted) override;
  void OnLink(const Node& node, NodeIndex peer, bool up) override;
  void OnDelivered(const Node& node, NodeIndex from, const peer::v1::Frame& frame) override;
  void OnWritten(const Node& node, const WriteBatch& batch) override;
  void OnSent(const Node& node, std::optional<NodeIndex> to, const peer::v1::Frame& frame) override;
  void OnSaid(const Node& node, const AnyVerified& said) override;
  void OnPublished(const Node& node, const RoundId& round, const RoundEvent& event) override;
  void OnFault(const Node& node, NodeIndex peer, FaultKind kind) override;
  void OnReport(const Node& node, const std::string& text) override;
  void OnEnd(const World& world) override;

 private:
  // What one node does in one way at one time becomes one line.
  struct Line {
    std::string verb;
    std::vector<std::pair<std::string, std::string>> parts;  // of whom or what, and what
    bool whole = false;  // nothing is added to it
  };

  static std::string Join(const Line& line);

  void Add(const Node& node, const std::string& verb, const std::string& part,
           const std::string& word = "");
  void Alone(const Node& node, const std::string& verb, const std::string& word);
  // Writes what was at the time before, and then what the plan holds for the times up to now.
  void MoveTime();
  void WriteLines();
  // "" where the run has one round only.
  std::string Of(const RoundId& round);
  std::string Arrived(const Node& node, const types::v1::Envelope& proto);

  const World& world_;
  std::ostream& text_;
  const Verifier verifier_;
  StatementNames names_;
  std::map<RoundId, char> letters_;
  std::map<int, std::deque<Line>> lines_;  // by node, of the time at hand
  int64_t time_ms_ = 0;
  std::multimap<int64_t, std::string> plan_;
  std::map<int, std::set<std::string>> arrived_;  // signatures, by node
};

}  // namespace decentd::sim
