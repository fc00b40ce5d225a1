#include "node/metrics/metrics.h"

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node/metrics/node_collector.h"
#include "node/metrics/timed.h"
#include "prometheus/counter.h"
#include "prometheus/exposer.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace decentd {
namespace {

using Boundaries = prometheus::Histogram::BucketBoundaries;

// Seconds. Of what models and people take, and of what disks take.
const Boundaries kLong = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 900};
const Boundaries kShort = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

std::string PhaseName(Phase phase) { return phase == Phase::kAnswer ? "answer" : "sheet"; }

std::string ClosedBy(Closed closed) {
  switch (closed) {
    case Closed::kSoft:
      return "soft_deadline";
    case Closed::kHard:
      return "hard_deadline";
    case Closed::kAbsent:
      return "absence";
    case Closed::kNone:
      break;
  }
  return "all_arrived";
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& rounds =
      prometheus::BuildCounter()
          .Name("decentd_rounds_total")
          .Help("Rounds that are over, by outcome; undecided: given up without a decision.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& round_seconds =
      prometheus::BuildHistogram()
          .Name("decentd_round_duration_seconds")
          .Help("From when a round began here to its decision.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& phase_seconds =
      prometheus::BuildHistogram()
          .Name("decentd_phase_duration_seconds")
          .Help("A phase of a round, by what closed it.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& abstentions =
      prometheus::BuildCounter()
          .Name("decentd_abstentions_total")
          .Help("Answers and score sheets that a node announced as missing, by node and phase.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& http_replies =
      prometheus::BuildCounter()
          .Name("decentd_gateway_replies_total")
          .Help("Requests that the gateway answered, by route and status; a stream as it begins.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& model_seconds =
      prometheus::BuildHistogram()
          .Name("decentd_model_call_duration_seconds")
          .Help("Calls of this node's models, waiting for their turn included, by outcome.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& model_calls =
      prometheus::BuildGauge()
          .Name("decentd_model_calls_in_progress")
          .Help("Calls of this node's models that have not ended.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& sync_seconds =
      prometheus::BuildHistogram()
          .Name("decentd_store_sync_duration_seconds")
          .Help("Until a write was durable.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& failed_writes =
      prometheus::BuildCounter()
          .Name("decentd_store_failed_writes_total")
          .Help("Writes that the disk refused.")
          .Register(registry);

  struct RoundTimes {
    int64_t began_unix_ms = 0;
    std::array<int64_t, 2> phase_began_unix_ms{};
  };
  std::mutex mutex;  // guards what follows
  std::map<RoundId, RoundTimes> open;

  std::shared_ptr<NodeCollector> node = std::make_shared<NodeCollector>();
  std::unique_ptr<prometheus::Exposer> exposer;

  Impl() {
    // Outcomes are there from the start, so that a rate has something to begin at.
    for (const char* outcome : {"decided", "too_few_answers", "too_few_sheets", "undecided"}) {
      rounds.Add({{"outcome", outcome}});
    }
    failed_writes.Add({});
    sync_seconds.Add({}, kShort);
  }
};

// The exposer and the collected objects hold weak references: all ends with this object.
Metrics::Metrics() : impl_(std::make_shared<Impl>()) {}
Metrics::~Metrics() { Stop(); }

std::unique_ptr<Models> Metrics::Timed(Models& inner, const BackendNames& backends) {
  const auto backend_of = [backends](const std::string& what) {
    return what == "answer" ? backends.answer : backends.judge;
  };
  return MakeTimedModels(
      inner,
      [impl = impl_, backend_of](const std::string& what, const std::string& outcome,
                                 double seconds) {
        impl->model_seconds
            .Add({{"model", what}, {"backend", backend_of(what)}, {"outcome", outcome}}, kLong)
            .Observe(seconds);
      },
      [impl = impl_, backend_of](const std::string& what, int by) {
        impl->model_calls.Add({{"model", what}, {"backend", backend_of(what)}}).Increment(by);
      });
}

std::unique_ptr<Store> Metrics::Timed(Store& inner) {
  return MakeTimedStore(inner, [impl = impl_](double seconds, bool ok) {
    if (ok) {
      impl->sync_seconds.Add({}, kShort).Observe(seconds);
    } else {
      impl->failed_writes.Add({}).Increment();
    }
  });
}

void Metrics::OnHttpReply(const std::string& route, int status) {
  impl_->http_replies.Add({{"route", route}, {"status", absl::StrCat(status)}}).Increment();
}

void Metrics::OnEvent(const RoundId& round, const RoundEvent& event, const std::string& node) {
  using Type = RoundEvent::Type;
  const std::lock_guard lock(impl_->mutex);
  const auto over = [&](const std::string& outcome) {
    impl_->rounds.Add({{"outcome", outcome}}).Increment();
    const auto times = impl_->open.find(round);
    if (times == impl_->open.end()) return;
    impl_->round_seconds.Add({{"outcome", outcome}}, kLong)
        .Observe(static_cast<double>(event.unix_ms - times->second.began_unix_ms) / 1000);
    impl_->open.erase(times);
  };
  const size_t phase = event.phase == Phase::kAnswer ? 0 : 1;
  switch (event.type) {
    case Type::kAdmitted:
      impl_->open[round].began_unix_ms = event.unix_ms;
      break;
    case Type::kPhaseStarted:
      if (const auto times = impl_->open.find(round); times != impl_->open.end()) {
        times->second.phase_began_unix_ms[phase] = event.unix_ms;
      }
      break;
    case Type::kPhaseClosed:
      if (const auto times = impl_->open.find(round);
          times != impl_->open.end() && times->second.phase_began_unix_ms[phase] != 0) {
        impl_->phase_seconds
            .Add({{"phase", PhaseName(event.phase)}, {"closed_by", ClosedBy(event.closed)}}, kLong)
            .Observe(static_cast<double>(event.unix_ms - times->second.phase_began_unix_ms[phase]) /
                     1000);
      }
      break;
    case Type::kAnswerReceived:
    case Type::kSheetReceived:
      if (event.abstained && event.node) {
        impl_->abstentions.Add({{"node", node}, {"phase", PhaseName(event.phase)}}).Increment();
      }
      break;
    case Type::kDecided:
      over("decided");
      break;
    case Type::kFailed:
      over(event.detail);
      break;
    case Type::kGivenUp:
      over("undecided");
      break;
    case Type::kAnswerCertified:
    case Type::kSheetCertified:
    case Type::kCertified:
      break;
  }
}

void Metrics::Watch(std::function<absl::StatusOr<NodeStatus>()> status, PeerInfoProvider peers) {
  impl_->node->Watch(std::move(status), std::move(peers));
}

absl::Status Metrics::Serve(const std::string& listen) {
  try {
    impl_->exposer = std::make_unique<prometheus::Exposer>(listen, 1);
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("metrics: cannot listen on ", listen, " (",
                                               error.what(),
                                               "); free the port or set another address"));
  }
  // The registry lives as long as what holds it.
  impl_->exposer->RegisterCollectable(
      std::shared_ptr<prometheus::Registry>(impl_, &impl_->registry));
  impl_->exposer->RegisterCollectable(impl_->node);
  return absl::OkStatus();
}

void Metrics::Stop() {
  impl_->exposer.reset();
  impl_->node->Forget();
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  for (prometheus::MetricFamily& family : impl_->node->Collect()) {
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace decentd
