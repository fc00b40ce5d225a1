#include "node/metrics/node_collector.h"

#include <string>
#include <utility>

#include "prometheus/metric_family.h"

namespace decentd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void Gauge(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.gauge.value = value;
    Add(name, help, MetricType::Gauge, std::move(metric), std::move(labels));
  }
  void Counter(const char* name, const char* help, uint64_t value, Labels labels = {}) {
    ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    Add(name, help, MetricType::Counter, std::move(metric), std::move(labels));
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  void Add(const char* name, const char* help, MetricType type, ClientMetric metric,
           Labels labels) {
    metric.label = std::move(labels);
    for (MetricFamily& family : families_) {
      if (family.name == name) return family.metric.push_back(std::move(metric));
    }
    families_.push_back({name, help, type, {std::move(metric)}});
  }
  std::vector<MetricFamily> families_;
};

void Describe(const NodeStatus& status, Families& out) {
  out.Gauge("decentd_build_info", "Always 1; the version is the label.", 1,
            {{"version", status.version}});
  out.Gauge("decentd_voting", "1 while this node votes, 0 while it does not.", status.voting);
  out.Gauge("decentd_nodes", "Nodes of the roster.", status.n);
  out.Gauge("decentd_nodes_reachable", "Nodes that this one reaches, itself included.",
            status.reachable);
  out.Gauge("decentd_nodes_needed", "Nodes that have to be reachable for rounds to go on.",
            status.n - status.f);
  for (const RosterStatus& roster : status.rosters) {
    if (roster.n == 0) continue;  // retired
    out.Gauge("decentd_roster_nodes_reachable",
              "Nodes that serve a roster which this one serves, itself included, by its epoch.",
              static_cast<double>(roster.reached.size()),
              {{"roster_epoch", std::to_string(roster.epoch)}, {"state", roster.state}});
  }
  out.Gauge("decentd_rounds_open", "Rounds under way at this node.",
            static_cast<double>(status.rounds_open));
  out.Gauge("decentd_rounds_stored", "Finished rounds in the database.",
            static_cast<double>(status.rounds_stored));
  out.Gauge("decentd_store_bytes", "Size of the database.",
            static_cast<double>(status.store_bytes));
  out.Gauge("decentd_mailbox_inputs", "What has arrived and was not taken in yet.",
            static_cast<double>(status.mailbox_inputs));
  out.Gauge("decentd_evidence", "Stored proofs that a node lied.",
            static_cast<double>(status.evidence));
  out.Gauge("decentd_start_time_seconds", "When this process started, in Unix time.",
            static_cast<double>(status.started_unix_ms) / 1000);
  out.Counter("decentd_signatures_verified_total", "Signatures of others that were checked.",
              status.signatures_verified);
  out.Counter("decentd_store_written_bytes_total", "Bytes of keys and values that were written.",
              status.bytes_written);
}

void Describe(const PeerInfo& peer, Families& out) {
  const std::string epoch = std::to_string(peer.epoch);
  const Labels labels = {{"peer", peer.name}, {"roster_epoch", epoch}};
  out.Gauge("decentd_peer_linked", "1 while there is a link with the peer.", peer.linked, labels);
  if (peer.round_trip_ms) {
    out.Gauge("decentd_peer_round_trip_seconds", "Latest round trip to the peer.",
              *peer.round_trip_ms / 1000, labels);
  }
  out.Counter("decentd_peer_sent_bytes_total", "Bytes of frames sent.", peer.bytes_sent, labels);
  out.Counter("decentd_peer_received_bytes_total", "Bytes of frames received.",
              peer.bytes_received, labels);
  out.Counter("decentd_peer_dropped_frames_total", "Frames that found the peer's queue full.",
              peer.frames_dropped, labels);
  for (const auto& [kind, count] : peer.faults) {
    out.Counter("decentd_peer_faults_total", "What the peer sent and should not have, by kind.",
                count, {{"peer", peer.name}, {"roster_epoch", epoch}, {"kind", kind}});
  }
}

}  // namespace

void NodeCollector::Watch(std::function<absl::StatusOr<NodeStatus>()> status,
                          PeerInfoProvider peers) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  peers_ = std::move(peers);
}

void NodeCollector::Forget() { Watch(nullptr, nullptr); }

std::vector<MetricFamily> NodeCollector::Collect() const {
  const std::lock_guard lock(mutex_);
  Families out;
  if (status_) {
    const absl::StatusOr<NodeStatus> status = status_();
    out.Gauge("decentd_responding", "0 where the node was too busy to say how it is.",
              status.ok());
    if (status.ok()) Describe(*status, out);
  }
  if (peers_) {
    for (const PeerInfo& peer : peers_()) Describe(peer, out);
  }
  return out.Take();
}

}  // namespace decentd
