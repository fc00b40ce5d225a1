#include "node/gateway/chat_run.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "node/codec/peer_codec.h"
#include "node/core/limits.h"
#include "node/gateway/chat_reply.h"
#include "node/gateway/chat_request.h"
#include "node/gateway/error_reply.h"
#include "node/gateway/round_json.h"
#include "node/proof/verify.h"

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
      : access_(access),
        client_(client),
        exchange_(std::move(exchange)),
        roster_(access.roster()) {}

  void Start() {
    std::variant<ChatRequest, ApiError> parsed = ParseChatRequest(exchange_->request().body);
    if (const auto* error = std::get_if<ApiError>(&parsed)) return Fail(*error);
    request_ = std::get<ChatRequest>(std::move(parsed));
    const absl::StatusOr<Verified<Query>> query = MakeQuery();
    if (!query.ok()) return Fail(FromStatus(query.status()));
    round_ = RoundId{query->body_digest()};
    if (absl::Status status = access_.limits->Admit(client_, round_); !status.ok()) {
      return Fail(LimitError(status));
    }
    exchange_->OnEnd([self = shared_from_this()] { self->subscription_.reset(); });
    exchange_->OnStop([self = shared_from_this()] {
      self->Fail(self->WithRound(ServerError(
          503, "node_stopping", "this node stops; the round goes on at the others")));
    });
    exchange_->After(access_.longest_wait, [self = shared_from_this()] { self->TimedOut(); });
    // The council may answer when the exchange, or the whole server, has gone.
    access_.council.Submit(
        *query,
        [self = shared_from_this(), limits = access_.limits](absl::StatusOr<RoundId> taken) {
          limits->Settle(self->client_, self->round_, taken.ok());
          self->exchange_->Post([self, status = taken.status()] { self->OnSubmitted(status); });
        });
  }

 private:
  absl::StatusOr<Verified<Query>> MakeQuery() {
    Query query;
    query.client_key = access_.key->public_key();
    query.messages = request_.messages;
    query.sampling = request_.sampling;
    query.nonce.resize(limits::kNonceBytes);
    if (getentropy(query.nonce.data(), query.nonce.size()) != 0) {
      return absl::InternalError("the system gives no random numbers");
    }
    // As decentctl does: nobody starts the round once the asker has gone, and a tenth of what the
    // roster allows is left for clocks that differ.
    const absl::Duration lifetime =
        std::min(absl::FromChrono(access_.longest_wait),
                 absl::Milliseconds(roster_.parameters().longest_lifetime_ms / 10 * 9));
    query.expiry_unix_ms = absl::ToUnixMillis(absl::Now() + lifetime);
    const Envelope envelope = SignQuery(*access_.key, roster_.cluster_id(), query);
    if (envelope.body.size() > MaxBodyBytes(Kind::kQuery)) {
      return absl::InvalidArgumentError(absl::StrCat("the conversation is too long: at most ",
                                                     limits::kMaxQueryBytes, " bytes are taken"));
    }
    return access_.check(envelope);
  }

  ApiError LimitError(const absl::Status& status) const {
    ApiError error = FromStatus(status);
    const std::optional<int64_t> wait = RetryAfterSeconds(status);
    if (wait) error.retry_after = *wait;
    // The status names the client by what stands in its key's place.
    error.message = wait ? absl::StrCat("too many requests; try again in ", *wait, " s")
                         : "too many rounds in flight; wait for one to end";
    return error;
  }

  void OnSubmitted(const absl::Status& status) {
    if (finished_) return;
    if (!status.ok()) return Fail(WithRound(FromStatus(status)));
    if (request_.stream) {
      exchange_->StartStream();
      streaming_ = true;
      exchange_->Write(absl::StrCat(": round ", round_.Hex(), "\n\n"));
    }
    auto subscription = access_.council.Watch(
        round_, 0, [weak = weak_from_this(), exchange = exchange_](const RoundEvent& event) {
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
    if (event.type == RoundEvent::Type::kCertified) return Answer();
    if (streaming_) exchange_->Write(EventComment(event));
  }

  void Answer() {
    absl::StatusOr<std::string> bytes = access_.council.GetBundle(round_);
    if (!bytes.ok()) return Fail(WithRound(FromStatus(bytes.status())));
    const absl::StatusOr<CheckedBundle> bundle = VerifyBundle(*bytes, &roster_);
    if (!bundle.ok() || !bundle->authenticated || bundle->round != round_) {
      return Fail(WithRound(ServerError(
          500, "proof_invalid",
          absl::StrCat("the round's proof does not hold: ",
                       bundle.ok() ? "it is another round's"
                                    : std::string(bundle.status().message())))));
    }
    if (bundle->verdict.outcome != Outcome::kDecided) return Fail(AgreedFailure(*bundle));
    finished_ = true;
    const int64_t created = absl::ToUnixSeconds(absl::Now());
    if (streaming_) {
      exchange_->Write(CompletionEvents(*bundle, created, request_.include_usage));
      exchange_->EndStream();
    } else {
      HttpReply reply;
      reply.body = CompletionJson(*bundle, created);
      exchange_->Reply(std::move(reply));
    }
    subscription_.reset();
  }

  void TimedOut() {
    const absl::StatusOr<RoundSummary> round = access_.council.GetRound(round_);
    Fail(WithRound(ServerError(
        504, "round_timed_out",
        absl::StrCat("the round has not ended in time",
                     round.ok() && !round->waiting_for.empty() ? ": " : "",
                     round.ok() ? round->waiting_for : "",
                     "; it may still end: GET /v1/rounds/", round_.Hex()))));
  }

  ApiError WithRound(ApiError error) const {
    error.round = round_;
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
  const Roster roster_;
  ChatRequest request_;
  RoundId round_;
  bool streaming_ = false, finished_ = false;
  std::unique_ptr<Subscription> subscription_;
};

}  // namespace

void RunChat(const GatewayAccess& access, const PublicKey& client,
             std::shared_ptr<HttpExchange> exchange) {
  std::make_shared<ChatRun>(access, client, std::move(exchange))->Start();
}

}  // namespace decentd
