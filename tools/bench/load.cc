#include "tools/bench/load.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "node/codec/peer_codec.h"
#include "node/core/limits.h"

namespace decentd::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr absl::Duration kRoundTime = absl::Minutes(5);

double Ms(Steady::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// What the threads of one run share.
class Run {
 public:
  Run(const Council& council, const Ed25519Identity& client, const LoadOptions& options)
      : council_(council), client_(client), options_(options) {}

  void Work() {
    while (const std::optional<uint64_t> number = Next()) {
      if (absl::Status status = OneRound(*number); !status.ok()) {
        Stop(status);
        break;
      }
    }
    std::lock_guard lock(mutex_);
    ++ended_;
    wake_.notify_one();
  }

  // True once every thread has ended.
  bool WaitEnded(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, time, [&] { return ended_ == options_.concurrency; });
  }

  void Stop(const absl::Status& why) {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (error_.ok()) error_ = why;
  }

  absl::StatusOr<LoadResult> Result() {
    if (!error_.ok()) return error_;
    std::sort(result_.latency_ms.begin(), result_.latency_ms.end());
    result_.elapsed = absl::FromChrono(last_end_ - begin_);
    return std::move(result_);
  }

 private:
  std::optional<uint64_t> Next() {
    const uint64_t number = begun_.fetch_add(1);
    if (stopped_ || (options_.rounds > 0 && number >= options_.rounds) ||
        absl::FromChrono(Steady::now() - begin_) >= options_.time) {
      return std::nullopt;
    }
    return number;
  }

  absl::StatusOr<Envelope> MakeQuery(uint64_t number) const {
    Query query;
    query.client_key = client_.public_key();
    query.messages.push_back(
        {"user", absl::StrCat("What is the answer to question ", number, "?")});
    query.nonce.resize(limits::kNonceBytes);
    if (getentropy(query.nonce.data(), query.nonce.size()) != 0) {
      return absl::InternalError("the system gives no random numbers");
    }
    query.expiry_unix_ms = absl::ToUnixMillis(absl::Now() + kRoundTime);
    return SignQuery(client_, council_.cluster_id(), query);
  }

  absl::Status OneRound(uint64_t number) {
    const absl::StatusOr<Envelope> query = MakeQuery(number);
    if (!query.ok()) return query.status();
    CouncilClient& node = *council_.clients()[number % council_.clients().size()];
    const Steady::time_point start = Steady::now();
    absl::StatusOr<RoundId> round = node.Submit(*query);
    // Too slow to reply in time, not unwilling: the same query is the same round.
    while (absl::IsDeadlineExceeded(round.status()) && !stopped_ &&
           absl::FromChrono(Steady::now() - start) < kRoundTime) {
      round = node.Submit(*query);
    }
    if (!round.ok()) {
      return absl::Status(round.status().code(),
                          absl::StrCat(node.address(), " did not take a query: ",
                                       std::string(round.status().message())));
    }
    std::optional<Steady::time_point> certified;
    bool failed = false;
    using client::v1::RoundEvent;
    const absl::Status watched =
        node.Watch(*round, 0, absl::Now() + kRoundTime, [&](const RoundEvent& event) {
          failed |= event.type() == RoundEvent::TYPE_FAILED;
          if (event.type() == RoundEvent::TYPE_CERTIFIED && !certified) certified = Steady::now();
        });
    if (!certified) {
      return absl::Status(
          watched.ok() ? absl::StatusCode::kInternal : watched.code(),
          absl::StrCat("round ", round->digest.Hex(), " at ", node.address(),
                       " was not certified: ",
                       watched.ok() ? "its events ended" : std::string(watched.message())));
    }
    std::lock_guard lock(mutex_);
    result_.latency_ms.push_back(Ms(*certified - start));
    result_.failed += failed;
    result_.last = *round;
    last_end_ = std::max(last_end_, *certified);
    return absl::OkStatus();
  }

  const Council& council_;
  const Ed25519Identity& client_;
  const LoadOptions options_;
  const Steady::time_point begin_ = Steady::now();
  std::atomic<uint64_t> begun_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  int ended_ = 0;
  absl::Status error_;
  LoadResult result_;
  Steady::time_point last_end_ = begin_;
};

}  // namespace

absl::StatusOr<LoadResult> RunLoad(Council& council, const Ed25519Identity& client,
                                   const LoadOptions& options, const Interrupted& interrupted) {
  Run run(council, client, options);
  std::vector<std::thread> threads;
  for (int i = 0; i < options.concurrency; ++i) threads.emplace_back([&run] { run.Work(); });
  while (!run.WaitEnded(std::chrono::milliseconds(100))) {
    absl::Status stop = council.Running();
    if (interrupted()) stop = absl::CancelledError("interrupted");
    if (stop.ok()) continue;
    run.Stop(stop);
    council.Kill();  // ends every call that waits
  }
  for (std::thread& thread : threads) thread.join();
  return run.Result();
}

}  // namespace decentd::bench
