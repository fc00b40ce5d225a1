#include "node/llm/scripted.h"

#include <map>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "node/llm/scripted_file.h"
#include "node/llm/timer_queue.h"

namespace decentd::llm {
namespace {

class ScriptedBackend final : public Backend {
 public:
  ScriptedBackend(const ScriptedConfig& config, std::string node, Script script)
      : config_(config), node_(std::move(node)), script_(std::move(script)) {}

  ~ScriptedBackend() override {
    std::map<CallId, Pending> pending;
    {
      std::lock_guard lock(mutex_);
      pending.swap(pending_);
    }
    for (auto& [id, call] : pending) End(std::move(call.done), ShuttingDown());
  }

  void Complete(CallId id, ModelCall call, CallDone done) override {
    std::lock_guard lock(mutex_);
    pending_.emplace(id, Pending{std::move(call), std::move(done), Clock::now()});
    timers_.Post([this, id] { Play(id); });
  }

  void Cancel(CallId id) override {
    std::lock_guard lock(mutex_);
    auto pending = pending_.extract(id);
    if (!pending.empty()) End(std::move(pending.mapped().done), Cancelled());
  }

  std::chrono::milliseconds timeout() const override { return config_.timeout; }

 private:
  struct Pending {
    ModelCall call;
    CallDone done;
    Clock::time_point start;
  };

  void End(CallDone done, CallResult result) {
    timers_.Post([done = std::move(done), result = std::move(result)] { done(result); });
  }

  // On the timers' thread.
  void Play(CallId id) {
    ModelCall call;
    Clock::time_point start;
    {
      std::lock_guard lock(mutex_);
      auto pending = pending_.find(id);
      if (pending == pending_.end()) return;
      call = std::move(pending->second.call);
      start = pending->second.start;
    }
    ScriptedReply reply = script_.Reply(call, node_);
    if (config_.delay.has_value()) reply.delay = *config_.delay;
    Clock::time_point due = start + reply.delay;
    if (reply.never || due > call.deadline) {
      reply.result = TimedOut(config_.timeout);
      due = call.deadline;
    }
    if (auto* completion = std::get_if<Completion>(&reply.result)) {
      completion->model = config_.model;
    }
    if (due <= Clock::now()) {
      Finish(id, std::move(reply.result));
    } else {
      timers_.Add(due, [this, id, result = std::move(reply.result)] { Finish(id, result); });
    }
  }

  void Finish(CallId id, CallResult result) {
    CallDone done;
    {
      std::lock_guard lock(mutex_);
      auto pending = pending_.extract(id);
      if (pending.empty()) return;  // cancelled meanwhile
      done = std::move(pending.mapped().done);
    }
    done(std::move(result));
  }

  const ScriptedConfig config_;
  const std::string node_;
  const Script script_;
  std::mutex mutex_;
  std::map<CallId, Pending> pending_;
  TimerQueue timers_;  // last: its thread uses the rest until it is joined
};

}  // namespace

absl::StatusOr<std::shared_ptr<Backend>> MakeScripted(const ScriptedConfig& config,
                                                      const std::string& node) {
  if (config.timeout.count() <= 0) {
    return absl::InvalidArgumentError("timeout: expected at least 1 ms");
  }
  if (config.delay.has_value() && config.delay->count() < 0) {
    return absl::InvalidArgumentError("delay: expected 0 ms or more");
  }
  if (config.file.empty()) {
    return std::make_shared<ScriptedBackend>(config, node, Script::Constant(config.seed));
  }
  auto script = Script::Read(config.file, config.seed);
  if (!script.ok()) return script.status();
  return std::make_shared<ScriptedBackend>(config, node, *std::move(script));
}

}  // namespace decentd::llm
