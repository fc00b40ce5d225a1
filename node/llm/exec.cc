#include "node/llm/exec.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "node/llm/child_process.h"
#include "node/llm/exec_wire.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

constexpr size_t kMaxShownErrorBytes = 300;
// Where the kernel cannot tell by a descriptor that a process ended, it is looked at this often.
constexpr std::chrono::milliseconds kEndPoll{20};
constexpr std::chrono::milliseconds kIdlePoll{60'000};  // wake-ups end it; this is only a bound

class ExecBackend final : public Backend {
 public:
  ExecBackend(const ExecConfig& config, std::pair<Descriptor, Descriptor> wake)
      : config_(config),
        model_(config.model.empty() ? config.argv[0] : config.model),
        wake_(std::move(wake)),
        thread_([this] { Run(); }) {}

  ~ExecBackend() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
  }

  void Complete(CallId id, ModelCall call, CallDone done) override {
    {
      std::lock_guard lock(mutex_);
      submitted_.push_back({id, std::move(call), std::move(done), nullptr});
    }
    Wake();
  }

  void Cancel(CallId id) override {
    {
      std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    Wake();
  }

  std::chrono::milliseconds timeout() const override { return config_.timeout; }

 private:
  struct Call {
    CallId id;
    ModelCall call;
    CallDone done;
    std::unique_ptr<ChildProcess> child;  // null while it waits
  };

  void Wake() {
    const char byte = 0;
    // A full pipe wakes as well.
    [[maybe_unused]] const ssize_t size = ::write(wake_.second.get(), &byte, 1);
  }

  // Everything below runs on the backend's thread.

  void Run() {
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);  // a program that closed its input: EPIPE
    while (TakeRequests()) {
      const auto now = Clock::now();
      EndIf([&](const Call& call) { return call.call.deadline <= now; }, TimedOut(config_.timeout));
      StartCalls();
      AdvanceCalls();
      Wait();
    }
  }

  // False when the backend shuts down; then every call has ended.
  bool TakeRequests() {
    std::deque<Call> submitted;
    std::vector<CallId> cancelled;
    bool stopping;
    {
      std::lock_guard lock(mutex_);
      submitted.swap(submitted_);
      cancelled.swap(cancelled_);
      stopping = stopping_;
    }
    for (Call& call : submitted) {
      if (waiting_.size() + running_.size() < size_t{config_.max_queue} + config_.concurrency) {
        waiting_.push_back(std::move(call));
      } else {
        call.done(Failure(
            AbstainReason::kOverBudget,
            Concat("more than ", config_.max_queue, " calls wait for this node's model already")));
      }
    }
    for (CallId id : cancelled) {
      EndIf([&](const Call& call) { return call.id == id; }, Cancelled());
    }
    if (stopping) EndIf([](const Call&) { return true; }, ShuttingDown());
    return !stopping;
  }

  template <class Predicate>
  void EndIf(Predicate predicate, const CallFailure& failure) {
    std::vector<CallDone> ended;
    for (std::deque<Call>* calls : {&waiting_, &running_}) {
      for (auto call = calls->begin(); call != calls->end();) {
        if (predicate(*call)) {
          ended.push_back(std::move(call->done));
          call = calls->erase(call);  // kills its process group
        } else {
          ++call;
        }
      }
    }
    for (const CallDone& done : ended) done(failure);
  }

  void StartCalls() {
    while (!waiting_.empty() && running_.size() < config_.concurrency) {
      Call call = std::move(waiting_.front());
      waiting_.pop_front();
      auto child =
          ChildProcess::Start(config_.argv, ExecRequest(call.call), config_.max_output_bytes);
      if (!child.ok()) {
        call.done(Failure(AbstainReason::kModelFailed, std::string(child.status().message())));
        continue;
      }
      call.child = *std::move(child);
      running_.push_back(std::move(call));
    }
  }

  void AdvanceCalls() {
    std::vector<std::pair<CallDone, CallResult>> results;
    for (auto call = running_.begin(); call != running_.end();) {
      call->child->Advance();
      if (!call->child->ended() && !call->child->too_long()) {
        ++call;
        continue;
      }
      results.emplace_back(std::move(call->done), Result(*call));
      call = running_.erase(call);
    }
    if (!results.empty()) Wake();  // the places are free
    for (auto& [done, result] : results) done(std::move(result));
  }

  CallResult Result(const Call& call) const {
    const ChildProcess& child = *call.child;
    if (child.too_long()) {
      return Failure(
          AbstainReason::kReplyUnusable,
          Concat("the model program's output is longer than ", config_.max_output_bytes, " bytes"));
    }
    if (const std::string failure = child.Failure(); !failure.empty()) {
      const std::string why = LastOneLine(Trim(child.error_text()), kMaxShownErrorBytes);
      return Failure(AbstainReason::kModelFailed, Concat("the model program ended with ", failure,
                                                         why.empty() ? "" : ": ", why));
    }
    return ParseExecReply(child.output(), call.call, model_);
  }

  void Wait() {
    auto next = Clock::now() + kIdlePoll;
    std::vector<pollfd> polls = {{wake_.first.get(), POLLIN, 0}};
    for (const Call& call : waiting_) next = std::min(next, call.call.deadline);
    for (const Call& call : running_) {
      next = std::min(next, call.call.deadline);
      call.child->AddPolls(polls);
      if (!call.child->watchable()) next = std::min(next, Clock::now() + kEndPoll);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    ::poll(polls.data(), polls.size(), std::max(0, static_cast<int>(wait.count())));
    char drained[256];
    while (::read(wake_.first.get(), drained, sizeof drained) > 0) {
    }
  }

  const ExecConfig config_;
  const std::string model_;
  const std::pair<Descriptor, Descriptor> wake_;

  std::mutex mutex_;
  std::deque<Call> submitted_;
  std::vector<CallId> cancelled_;
  bool stopping_ = false;

  // The thread's own.
  std::deque<Call> waiting_, running_;

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Backend>> MakeExec(const ExecConfig& config) {
  if (config.argv.empty() || config.argv[0].empty()) {
    return absl::InvalidArgumentError("argv: expected the program to run and its arguments");
  }
  if (config.timeout.count() <= 0) {
    return absl::InvalidArgumentError("timeout: expected at least 1 ms");
  }
  if (config.concurrency == 0 || config.max_output_bytes == 0) {
    return absl::InvalidArgumentError("concurrency, max_output_bytes: expected at least 1");
  }
  auto wake = MakePipe();
  if (!wake.ok()) return wake.status();
  SetNonBlocking(wake->first);
  SetNonBlocking(wake->second);
  return std::make_shared<ExecBackend>(config, *std::move(wake));
}

}  // namespace decentd::llm
