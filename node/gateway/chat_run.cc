#include "node/gateway/chat_run.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "node/gateway/chat_reply.h"
#include "node/gateway/chat_request.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/question.h"
#include "node/gateway/round_json.h"

namespace decentd {
namespace {

ApiError ServerError(int status, std::string code, std::string message) {
  ApiError error{.status = status, .type = "server_error", .message = std::move(message)};
  error.code = std::move(code);
  return error;
}

// All methods run on the exchange's thread, which is what keeps it alive: once the exchange has
// ended nothing holds it.
class ChatRun : public std::enable_shared_from_this<ChatRun> {
 public:
  ChatRun(const GatewayAccess& access, const PublicKey& client,
          std::shared_ptr<HttpExchange> exchange)
      : access_(access), client_(client), exchange_(std::move(exchange)) {}

  void Start() {
    const Roster roster = access_.roster();
    std::variant<ChatRequest, ApiError> parsed =
        ParseChatRequest(roster, exchange_->request().body);
    if (const auto* error = std::get_if<ApiError>(&parsed)) return Fail(*error);
    request_ = std::get<ChatRequest>(std::move(parsed));
    exchange_->OnEnd([self = shared_from_this()] { self->subscription_.reset(); });
    exchange_->OnStop([self = shared_from_this()] {
      self->Fail(self->WithRound(
          ServerError(503, "node_stopping", "this node stops; the round goes on at the others")));
    });
    exchange_->After(access_.longest_wait, [self = shared_from_this()] { self->TimedOut(); });
    asked_ = Ask(access_, roster, client_, request_, exchange_,
                 [self = shared_from_this()](const RoundId& round, std::optional<ApiError> error) {
                   if (error) return self->Fail(*error);
                   self->round_ = round;
                   self->Follow();
                 });
  }

 private:
  void Follow() {
    if (finished_) return;
    if (request_.stream) {
      exchange_->StartStream();
      streaming_ = true;
      exchange_->Write(absl::StrCat(": round ", round_->Hex(), "\n\n"));
    }
    auto subscription = access_.council.Watch(
        *round_, 0, [weak = weak_from_this(), exchange = exchange_](const RoundEvent& event) {
          exchange->Post([weak, event] {
            if (const auto self = weak.lock()) self->OnEvent(event);
          });
        });
    if (!subscription.ok()) return Fail(WithRound(FromStatus(subscription.status())));
    subscription_ = *std::move(subscription);
  }

  void OnEvent(const RoundEvent& event) {
    if (finished_) return;
    if (event.type == RoundEvent::Type::kGivenUp) {
      return Fail(WithRound(ServerError(
          503, "round_undecided",
          absl::StrCat("this node gave the round up undecided: ", event.detail, "; ask again"))));
    }
    if (event.type == RoundEvent::Type::kCertified) return Prove();
    if (streaming_) exchange_->Write(EventComment(event));
  }

  void Prove() {
    const bool queued = access_.proofs->Verify(
        *round_, [self = shared_from_this()](absl::StatusOr<Proofs::Bundle> bundle) {
          self->exchange_->Post([self, bundle = std::move(bundle)] { self->Answer(bundle); });
        });
    if (!queued) {
      Fail(WithRound(FromStatus(absl::UnavailableError(absl::StrCat(
          "too many answers wait here; fetch this one with GET /v1/rounds/", round_->Hex())))));
    }
  }

  void Answer(const absl::StatusOr<Proofs::Bundle>& bundle) {
    if (finished_) return;
    if (absl::IsDataLoss(bundle.status())) {
      return Fail(
          WithRound(ServerError(500, "proof_invalid", std::string(bundle.status().message()))));
    }
    if (!bundle.ok()) return Fail(WithRound(FromStatus(bundle.status())));
    const CheckedBundle& proof = **bundle;
    if (proof.verdict.outcome != Outcome::kDecided) return Fail(AgreedFailure(proof));
    finished_ = true;
    const ChatCompletion completion{request_.model, absl::ToUnixSeconds(absl::Now())};
    if (streaming_) {
      exchange_->Write(CompletionEvents(proof, completion, request_.include_usage));
      exchange_->EndStream();
    } else {
      HttpReply reply;
      reply.body = CompletionJson(proof, completion);
      exchange_->Reply(std::move(reply));
    }
    subscription_.reset();
  }

  void TimedOut() {
    if (!round_) {
      // It may take it yet.
      return Fail(WithRound(
          ServerError(504, "round_timed_out", "the node did not take the question in time")));
    }
    // A busy node takes its time to say what a round waits for.
    const bool queued = access_.workers.Run(
        [self = shared_from_this(), round = *round_] {
          const absl::StatusOr<RoundSummary> summary = self->access_.council.GetRound(round);
          self->exchange_->Post([self, waiting_for = summary.ok() ? summary->waiting_for : ""] {
            self->TooLate(waiting_for);
          });
        },
        Workers::Turn::kFirst);
    if (!queued) TooLate("");
  }

  void TooLate(const std::string& waiting_for) {
    Fail(WithRound(ServerError(
        504, "round_timed_out",
        absl::StrCat("the round has not ended in time", waiting_for.empty() ? "" : ": ",
                     waiting_for, "; it may still end: GET /v1/rounds/", round_->Hex()))));
  }

  ApiError WithRound(ApiError error) const {
    error.round = asked_;
    return error;
  }

  void Fail(const ApiError& error) {
    if (std::exchange(finished_, true)) return;
    if (streaming_) {
      // The status is sent: OpenAI's clients look for an error among the events.
      exchange_->Write(absl::StrCat("data: ", ErrorJson(error), "\n\n"));
      exchange_->EndStream();
    } else {
      exchange_->Reply(ErrorReply(error));
    }
    subscription_.reset();
  }

  const GatewayAccess& access_;
  const PublicKey client_;
  const std::shared_ptr<HttpExchange> exchange_;
  ChatRequest request_;
  std::optional<RoundId> asked_, round_;  // on its way to the node; taken by it
  bool streaming_ = false, finished_ = false;
  std::unique_ptr<Subscription> subscription_;
};

}  // namespace

void RunChat(const GatewayAccess& access, const PublicKey& client,
             std::shared_ptr<HttpExchange> exchange) {
  std::make_shared<ChatRun>(access, client, std::move(exchange))->Start();
}

}  // namespace decentd
