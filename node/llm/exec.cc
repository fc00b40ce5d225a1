#include "node/llm/exec.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "node/llm/call_queue.h"
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
        calls_({config.concurrency, config.max_queue, config.timeout}, [this] { Wake(); }),
        thread_([this] { Run(); }) {}

  ~ExecBackend() override {
    calls_.Stop();
    thread_.join();
  }

  void Complete(CallId id, ModelCall call, CallDone done) override {
    calls_.Submit(id, std::move(call), std::move(done));
  }
  void Cancel(CallId id) override { calls_.Cancel(id); }
  std::chrono::milliseconds timeout() const override { return config_.timeout; }

 private:
  using Queue = CallQueue<std::unique_ptr<ChildProcess>>;

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
    while (calls_.Turn()) {
      StartCalls();
      if (!AdvanceCalls()) Wait();
    }
  }

  void StartCalls() {
    while (Queue::Call* call = calls_.StartNext()) {
      auto child =
          ChildProcess::Start(config_.argv, ExecRequest(call->call), config_.max_output_bytes);
      if (child.ok()) {
        call->work = *std::move(child);
      } else {
        calls_.End(*call,
                   Failure(AbstainReason::kModelFailed, std::string(child.status().message())));
      }
    }
  }

  // True when a call ended, so that its place may be used at once.
  bool AdvanceCalls() {
    bool any = false;
    for (auto next = calls_.running().begin(); next != calls_.running().end();) {
      const Queue::Call& call = *next++;
      call.work->Advance();
      if (!call.work->ended() && !call.work->too_long()) continue;
      any = true;
      calls_.End(call, Result(call));
    }
    return any;
  }

  CallResult Result(const Queue::Call& call) const {
    const ChildProcess& child = *call.work;
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
    auto next = calls_.NextDeadline(Clock::now() + kIdlePoll);
    std::vector<pollfd> polls = {{wake_.first.get(), POLLIN, 0}};
    for (const Queue::Call& call : calls_.running()) {
      call.work->AddPolls(polls);
      if (!call.work->watchable()) next = std::min(next, Clock::now() + kEndPoll);
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
  Queue calls_;
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
