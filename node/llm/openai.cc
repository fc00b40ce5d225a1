#include "node/llm/openai.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "curl/curl.h"
#include "node/core/limits.h"
#include "node/llm/call_queue.h"
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
        calls_({config.concurrency, config.max_queue, config.timeout},
               [this] { curl_multi_wakeup(multi_.get()); }),
        thread_([this] { Run(); }) {}

  ~OpenAiBackend() override {
    calls_.Stop();
    thread_.join();
  }

  void Complete(CallId id, ModelCall call, CallDone done) override {
    calls_.Submit(id, std::move(call), std::move(done));
  }
  void Cancel(CallId id) override { calls_.Cancel(id); }
  std::chrono::milliseconds timeout() const override { return config_.timeout; }

 private:
  // A call keeps its place between attempts: a server that asks for patience is not sent the next
  // call instead.
  struct Attempts {
    bool with_schema = false;
    uint32_t retries = 0;
    std::unique_ptr<HttpPost> post;  // null between attempts
    Clock::time_point retry_at = Clock::time_point::min();
  };
  using Queue = CallQueue<Attempts>;

  // Everything below runs on the backend's thread.

  void Run() {
    while (calls_.Turn()) {
      StartAttempts();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      if (!EndTransfers()) {
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(UntilNextTimer().count()),
                        nullptr);
      }
    }
  }

  void StartAttempts() {
    while (calls_.StartNext() != nullptr) {
    }
    const auto now = Clock::now();
    for (Queue::Call& call : calls_.running()) {
      Attempts& work = call.work;
      if (work.post != nullptr || work.retry_at > now) continue;
      work.with_schema = call.call.judge.has_value() && !schema_refused_;
      work.post =
          std::make_unique<HttpPost>(multi_.get(), post_options_,
                                     ChatRequestBody(config_, call.call, work.with_schema), &call);
    }
  }

  // True when a transfer ended, so that its place may be used at once.
  bool EndTransfers() {
    bool any = false;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      const CURLcode code = message->data.result;
      void* call = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
      EndAttempt(*static_cast<Queue::Call*>(call), code);
    }
    return any;
  }

  // Decides what the end of an attempt means: a result, or another attempt.
  void EndAttempt(Queue::Call& call, CURLcode code) {
    Attempts& work = call.work;
    const HttpPost& post = *work.post;
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
    if (refused && work.with_schema && config_.structured_output == StructuredOutput::kAuto &&
        RefusesSchema(post.reply())) {
      schema_refused_ = true;
      work.post.reset();  // and tried again at once
      return;
    }
    CallFailure failure = Failed(problem);
    failure.prompt_rejected = refused;
    End(call, std::move(failure));
  }

  void Retry(Queue::Call& call, const std::string& problem) {
    Attempts& work = call.work;
    if (work.retries >= config_.retries) {
      return End(call,
                 Failed(work.retries == 0 ? problem
                                          : Concat(problem, " (", work.retries + 1, " attempts)")));
    }
    std::chrono::milliseconds wait = config_.retry_delay * (1LL << std::min(work.retries, 16u));
    wait = std::min(wait, kMaxRetryDelay);
    // Between half and all of it, so that nodes which failed together do not return together.
    wait -= std::chrono::milliseconds(random_() % (wait.count() / 2 + 1));
    if (const long asked = work.post->retry_after_seconds(); asked > 0) {
      wait = std::chrono::seconds(std::min(asked, 86'400L));
    }
    ++work.retries;
    work.post.reset();
    work.retry_at = Clock::now() + wait;
    if (work.retry_at >= call.call.deadline) {
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

  void End(const Queue::Call& call, CallResult result) {
    if (auto* failure = std::get_if<CallFailure>(&result)) {
      failure->abstain.detail = Redacted(std::move(failure->abstain.detail));
    }
    calls_.End(call, std::move(result));
  }

  std::chrono::milliseconds UntilNextTimer() const {
    auto next = calls_.NextDeadline(Clock::now() + kIdlePoll);
    for (const Queue::Call& call : calls_.running()) {
      if (call.work.post == nullptr) next = std::min(next, call.work.retry_at);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return std::max(wait, std::chrono::milliseconds(0));
  }

  const OpenAiConfig config_;
  const HttpPost::Options post_options_;

  // The thread's own, but for waking it.
  bool schema_refused_;
  std::mt19937_64 random_{std::random_device{}()};
  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  Queue calls_;
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
