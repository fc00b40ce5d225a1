#include "node/llm/openai.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "curl/curl.h"
#include "node/core/limits.h"
#include "node/llm/http_post.h"
#include "node/llm/openai_wire.h"
#include "node/llm/text.h"

namespace decentd::llm {
namespace {

// A payload's text with JSON's escapes, and what servers add to it.
constexpr size_t kMaxReplyBytes = 4 * limits::kMaxPayloadBytes;
constexpr std::chrono::milliseconds kMaxRetryDelay{30'000};
constexpr std::chrono::milliseconds kIdlePoll{60'000};  // wake-ups end it; this is only a bound
constexpr size_t kMinRedactedKeyBytes = 4;  // shorter "keys" are placeholders found in any text

// Whether trying again may help. Wrong certificates and addresses stay wrong.
bool IsPassing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

class OpenAiBackend final : public Backend {
 public:
  OpenAiBackend(const OpenAiConfig& config, std::string url)
      : config_(config),
        post_options_{std::move(url), config.api_key, config.ca_file, kMaxReplyBytes},
        schema_refused_(config.structured_output == StructuredOutput::kOff),
        multi_(curl_multi_init(), curl_multi_cleanup),
        thread_([this] { Run(); }) {}

  ~OpenAiBackend() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void Complete(CallId id, ModelCall call, CallDone done) override {
    {
      std::lock_guard lock(mutex_);
      submitted_.push_back({id, std::move(call), std::move(done)});
    }
    curl_multi_wakeup(multi_.get());
  }

  void Cancel(CallId id) override {
    {
      std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    curl_multi_wakeup(multi_.get());
  }

  std::chrono::milliseconds timeout() const override { return config_.timeout; }

 private:
  struct Waiting {
    CallId id;
    ModelCall call;
    CallDone done;
  };
  // Holds one of the backend's places until its result, also between attempts: a server that asks
  // for patience is not sent the next call instead.
  struct Active {
    ModelCall call;
    CallDone done;
    bool with_schema = false;
    uint32_t retries = 0;
    std::unique_ptr<HttpPost> post;  // null between attempts
    Clock::time_point retry_at;
  };
  using ActiveCalls = std::map<CallId, Active>;

  // Everything below runs on the backend's thread.

  void Run() {
    while (TakeRequests()) {
      EndLateCalls();
      StartCalls();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      if (!EndTransfers()) {
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(UntilNextTimer().count()),
                        nullptr);
      }
    }
  }

  // False when the backend shuts down; then every call has ended.
  bool TakeRequests() {
    std::deque<Waiting> submitted;
    std::vector<CallId> cancelled;
    bool stopping;
    {
      std::lock_guard lock(mutex_);
      submitted.swap(submitted_);
      cancelled.swap(cancelled_);
      stopping = stopping_;
    }
    for (Waiting& call : submitted) {
      if (waiting_.size() + active_.size() < size_t{config_.max_queue} + config_.concurrency) {
        waiting_.push_back(std::move(call));
      } else {
        call.done(Failure(
            AbstainReason::kOverBudget,
            Concat("more than ", config_.max_queue, " calls wait for this node's model already")));
      }
    }
    for (CallId id : cancelled) {
      EndIf([&](CallId other, const ModelCall&) { return id == other; }, Cancelled());
    }
    if (stopping) EndIf([](CallId, const ModelCall&) { return true; }, ShuttingDown());
    return !stopping;
  }

  void EndLateCalls() {
    const auto now = Clock::now();
    EndIf([&](CallId, const ModelCall& call) { return call.deadline <= now; },
          TimedOut(config_.timeout));
  }

  template <class Predicate>
  void EndIf(Predicate predicate, const CallFailure& failure) {
    std::vector<CallDone> ended;
    for (auto call = waiting_.begin(); call != waiting_.end();) {
      if (!predicate(call->id, call->call)) {
        ++call;
        continue;
      }
      ended.push_back(std::move(call->done));
      call = waiting_.erase(call);
    }
    for (auto call = active_.begin(); call != active_.end();) {
      if (!predicate(call->first, call->second.call)) {
        ++call;
        continue;
      }
      EndTransfer(call->second);
      ended.push_back(std::move(call->second.done));
      call = active_.erase(call);
    }
    for (const CallDone& done : ended) done(failure);
  }

  void StartCalls() {
    while (!waiting_.empty() && active_.size() < config_.concurrency) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      Active& active = active_[next.id];
      active.call = std::move(next.call);
      active.done = std::move(next.done);
      active.retry_at = Clock::time_point::min();
    }
    const auto now = Clock::now();
    for (auto& [id, active] : active_) {
      if (active.post != nullptr || active.retry_at > now) continue;
      active.with_schema = active.call.judge.has_value() && !schema_refused_;
      active.post = std::make_unique<HttpPost>(
          post_options_, ChatRequestBody(config_, active.call, active.with_schema));
      curl_easy_setopt(active.post->handle(), CURLOPT_PRIVATE, reinterpret_cast<void*>(id));
      curl_multi_add_handle(multi_.get(), active.post->handle());
    }
  }

  void EndTransfer(Active& active) {
    if (active.post != nullptr) curl_multi_remove_handle(multi_.get(), active.post->handle());
    active.post.reset();
  }

  // True when a transfer ended, so that its place may be used at once.
  bool EndTransfers() {
    bool any = false;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      const CURLcode code = message->data.result;
      void* id = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &id);
      auto call = active_.find(reinterpret_cast<CallId>(id));
      if (call != active_.end()) EndAttempt(call, code);
    }
    return any;
  }

  // Decides what the end of an attempt means: a result, or another attempt.
  void EndAttempt(ActiveCalls::iterator call, CURLcode code) {
    Active& active = call->second;
    const HttpPost& post = *active.post;
    if (post.too_long()) {
      return End(call, Failure(AbstainReason::kReplyUnusable,
                               Concat("the model server's reply is longer than ", kMaxReplyBytes,
                                      " bytes")));
    }
    if (code != CURLE_OK) {
      const std::string problem = "cannot reach the model server: " + post.Error(code);
      return IsPassing(code) ? Retry(call, problem) : End(call, Failed(problem));
    }
    const long status = post.status();
    if (status == 200) return End(call, ParseChatReply(config_, post.reply()));
    if (status >= 300 && status < 400) {
      return End(call, Failed(Concat("HTTP ", status,
                                     " from the model server: redirects are not "
                                     "followed; configure the final address")));
    }
    const std::string problem =
        Concat("HTTP ", status, " from the model server: ", ErrorMessage(Redacted(post.reply())));
    if (status == 408 || status == 429 || status >= 500) return Retry(call, problem);
    const bool refused = status == 400 || status == 413 || status == 422;
    if (refused && active.with_schema && config_.structured_output == StructuredOutput::kAuto &&
        RefusesSchema(post.reply())) {
      schema_refused_ = true;
      EndTransfer(active);
      active.retry_at = Clock::time_point::min();
      return;
    }
    CallFailure failure = Failed(problem);
    failure.prompt_rejected = refused;
    End(call, std::move(failure));
  }

  void Retry(ActiveCalls::iterator call, const std::string& problem) {
    Active& active = call->second;
    if (active.retries >= config_.retries) {
      return End(call, Failed(active.retries == 0
                                  ? problem
                                  : Concat(problem, " (", active.retries + 1, " attempts)")));
    }
    std::chrono::milliseconds wait = config_.retry_delay * (1LL << std::min(active.retries, 16u));
    wait = std::min(wait, kMaxRetryDelay);
    // Between half and all of it, so that nodes which failed together do not return together.
    wait -= std::chrono::milliseconds(random_() % (wait.count() / 2 + 1));
    if (const long asked = active.post->retry_after_seconds(); asked > 0) {
      wait = std::chrono::seconds(std::min(asked, 86'400L));
    }
    ++active.retries;
    EndTransfer(active);
    active.retry_at = Clock::now() + wait;
    if (active.retry_at >= active.call.deadline) {
      End(call, Failed(problem + " (no time is left for another attempt)"));
    }
  }

  CallFailure Failed(std::string detail) const {
    return Failure(AbstainReason::kModelFailed, std::move(detail));
  }

  // A server may repeat the key that it refuses.
  std::string Redacted(std::string text) const {
    return config_.api_key.size() < kMinRedactedKeyBytes ? text
                                                         : Redact(std::move(text), config_.api_key);
  }

  void End(ActiveCalls::iterator call, CallResult result) {
    if (auto* failure = std::get_if<CallFailure>(&result)) {
      failure->abstain.detail = Redacted(std::move(failure->abstain.detail));
    }
    EndTransfer(call->second);
    const CallDone done = std::move(call->second.done);
    active_.erase(call);
    done(std::move(result));
  }

  std::chrono::milliseconds UntilNextTimer() const {
    auto next = Clock::now() + kIdlePoll;
    for (const Waiting& call : waiting_) next = std::min(next, call.call.deadline);
    for (const auto& [id, active] : active_) {
      next = std::min(next, active.call.deadline);
      if (active.post == nullptr) next = std::min(next, active.retry_at);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return std::max(wait, std::chrono::milliseconds(0));
  }

  const OpenAiConfig config_;
  const HttpPost::Options post_options_;

  std::mutex mutex_;
  std::deque<Waiting> submitted_;
  std::vector<CallId> cancelled_;
  bool stopping_ = false;

  // The thread's own.
  bool schema_refused_;
  std::deque<Waiting> waiting_;
  ActiveCalls active_;
  std::mt19937_64 random_{std::random_device{}()};

  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::thread thread_;
};

absl::Status Check(const OpenAiConfig& config) {
  if (IsBlank(config.model)) {
    return absl::InvalidArgumentError("model: expected the model's name as the server knows it");
  }
  if (config.concurrency == 0) {
    return absl::InvalidArgumentError("concurrency: expected at least 1");
  }
  if (config.timeout.count() <= 0 || config.retry_delay.count() <= 0) {
    return absl::InvalidArgumentError("timeout, retry_delay: expected at least 1 ms");
  }
  if (config.max_tokens_field.empty()) {
    return absl::InvalidArgumentError(
        "max_tokens_field: expected max_tokens or max_completion_tokens");
  }
  if (std::any_of(config.api_key.begin(), config.api_key.end(),
                  [](char c) { return c <= ' ' || c > '~'; })) {
    return absl::InvalidArgumentError(
        "API key: expected visible ASCII characters without white space");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Backend>> MakeOpenAi(const OpenAiConfig& config) {
  InitialiseCurl();
  if (absl::Status status = Check(config); !status.ok()) return status;
  auto url = ChatCompletionsUrl(config.url);
  if (!url.ok()) return url.status();
  return std::make_shared<OpenAiBackend>(config, *std::move(url));
}

}  // namespace decentd::llm
