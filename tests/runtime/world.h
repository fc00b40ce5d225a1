// A small made-up world for replicas: n nodes on stores in memory, virtual time, links with seeded
// delays, scripted models, crashes at will. One thread; the same seed gives the same run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "node/core/roster.h"
#include "node/runtime/frame_reader.h"
#include "node/runtime/replica.h"
#include "storage/mem_store.h"
#include "tests/codec/test_cluster.h"

namespace decentd::testing {

struct WorldOptions {
  int n = 4;
  uint64_t seed = 1;
  int64_t shortest_delay_ms = 1, longest_delay_ms = 20;
  std::function<void(RosterParameters&)> adjust = {};
  std::function<void(int node, Replica::Options&)> configure = {};
};

class World {
 public:
  explicit World(WorldOptions options);

  struct Node {
    std::unique_ptr<MemStore> store = std::make_unique<MemStore>();
    std::unique_ptr<Verifier> verifier;
    std::unique_ptr<FrameReader> reader;
    std::unique_ptr<Replica> replica;  // null while it is down
    uint64_t boot = 0;
    std::vector<RoundEvent> events;  // published since the last start
    std::vector<std::string> reports;
    std::vector<std::vector<std::string>> said;  // bodies of own envelopes, by batch, ever
  };

  const Roster& roster() const { return cluster_.roster(); }
  const TestCluster& cluster() const { return cluster_; }
  Node& node(int i) { return nodes_[static_cast<size_t>(i)]; }
  Now now() const { return {now_ms_, kEpoch + now_ms_}; }

  RoundId Submit(int node, const std::string& question, int64_t lifetime_ms = 600'000);
  // The result of the last submission that each node was asked for.
  std::optional<absl::StatusOr<RoundId>> submitted;

  void Start(int node);
  void Crash(int node);                       // loses what is in memory and in flight to it
  void Cut(int a, int b);                     // the link between them
  void Heal(int a, int b);
  void Run(int64_t milliseconds);
  // False when `done` did not hold within the time.
  bool RunUntil(const std::function<bool()>& done, int64_t milliseconds = 300'000);
  // Checked bundle of the round at a node, or nothing.
  std::optional<CheckedBundle> Proof(int node, const RoundId& round);
  bool AllHaveRecord(const RoundId& round);  // all that are up

  // What a node's frames become on the way to a peer; nothing = dropped. For adversaries.
  std::function<std::optional<peer::v1::Frame>(int from, int to, peer::v1::Frame)> tamper;
  // Models: replaced by tests that need another answer, sheet or silence.
  std::function<std::optional<Payload>(int node, const AnswerRequest&)> answer;
  std::function<std::optional<Payload>(int node, const JudgeRequest&)> judge;
  int64_t model_ms = 50;

 private:
  static constexpr int64_t kEpoch = 1'700'000'000'000;
  struct Delivery {
    int to;
    uint64_t boot;
    std::vector<Input> inputs;
  };

  void Step(int node, std::vector<Input> inputs);
  void Do(int node, Output output);
  void SendFrame(int from, int to, const peer::v1::Frame& frame);
  bool Linked(int a, int b) const;
  void At(int64_t time_ms, Delivery delivery);
  int64_t Delay();

  const WorldOptions options_;
  TestCluster cluster_;
  std::vector<Node> nodes_;
  std::set<std::pair<int, int>> cut_;
  std::multimap<int64_t, Delivery> queue_;
  std::map<std::pair<int, int>, int64_t> last_arrival_;  // links keep their order
  std::mt19937_64 random_;
  int64_t now_ms_ = 0;
  uint64_t next_ticket_ = 1;
  uint64_t nonce_ = 0;
};

}  // namespace decentd::testing
