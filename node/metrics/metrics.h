// What a node measures of itself, for Prometheus: named by its conventions, in base units. Every
// metric is declared in metrics.cc; docs/OPERATIONS.md says what to watch. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"
#include "node/llm/models.h"
#include "storage/store.h"

namespace decentd {

// Which backends answer and judge: openai, exec, scripted, or none.
struct BackendNames {
  std::string answer = "none", judge = "none";
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // As `inner`, which outlives it, with each call timed. They outlive nothing of this object.
  std::unique_ptr<Models> Timed(Models& inner, const BackendNames& backends);
  std::unique_ptr<Store> Timed(Store& inner);

  // `node`: the name of the event's node, where it has one.
  void OnEvent(const RoundId& round, const RoundEvent& event, const std::string& node);

  // `route`: the pattern of the URL that the gateway answered, empty where it knows none.
  void OnHttpReply(const std::string& route, int status);

  // Asked at each scrape; must not block for long. Both until Stop.
  void Watch(std::function<absl::StatusOr<NodeStatus>()> status, PeerInfoProvider peers);

  // Serves GET /metrics at host:port. UNAVAILABLE, with the reason, where nothing can listen there.
  absl::Status Serve(const std::string& listen);
  // Ends serving; no source is asked once it returns. Idempotent.
  void Stop();

  // All of it in Prometheus' text format.
  std::string Text() const;

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace decentd
