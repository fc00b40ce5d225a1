#include "node/gateway/question.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "node/codec/peer_codec.h"
#include "node/core/limits.h"

namespace decentd {
namespace {

ApiError TooLong() {
  ApiError error{.param = "messages", .code = "context_length_exceeded"};
  error.message = absl::StrCat("the conversation is too long: at most ", limits::kMaxQueryBytes,
                               " bytes are taken");
  return error;
}

std::variant<Verified<Query>, ApiError> MakeQuery(const GatewayAccess& access, const Roster& roster,
                                                  const ChatRequest& request) {
  Query query;
  query.client_key = access.key->public_key();
  query.messages = request.messages;
  query.sampling = request.sampling;
  query.committee = request.committee;
  query.nonce.resize(limits::kNonceBytes);
  if (getentropy(query.nonce.data(), query.nonce.size()) != 0) {
    return FromStatus(absl::InternalError("the system gives no random numbers"));
  }
  // As decentctl does: nobody starts the round once the asker has gone, and a tenth of what the
  // roster allows is left for clocks that differ.
  const absl::Duration lifetime =
      std::min(absl::FromChrono(access.longest_wait),
               absl::Milliseconds(roster.parameters().longest_lifetime_ms / 10 * 9));
  query.expiry_unix_ms = absl::ToUnixMillis(absl::Now() + lifetime);
  const Envelope envelope = SignQuery(*access.key, roster.cluster_id(), query);
  if (envelope.body.size() > MaxBodyBytes(Kind::kQuery)) return TooLong();
  absl::StatusOr<Verified<Query>> checked = access.check(envelope);
  if (!checked.ok()) return FromStatus(checked.status());
  return *std::move(checked);
}

ApiError LimitError(const absl::Status& status) {
  ApiError error = FromStatus(status);
  const std::optional<int64_t> wait = RetryAfterSeconds(status);
  if (wait) error.retry_after = *wait;
  // The status names the client by what stands in its key's place.
  error.message = wait ? absl::StrCat("too many requests; try again in ", *wait, " s")
                       : "too many rounds in flight; wait for one to end";
  return error;
}

// Of a question that the node did not take, or that may be under way all the same.
ApiError SubmitError(const absl::Status& status, const RoundId& round) {
  ApiError error = FromStatus(status);
  if (absl::IsResourceExhausted(status)) {
    // The node's bounds, not this client's.
    error = FromStatus(absl::UnavailableError(status.message()));
  } else if (!absl::IsFailedPrecondition(status) && !absl::IsInvalidArgument(status)) {
    error.round = round;
  }
  return error;
}

}  // namespace

std::optional<RoundId> Ask(
    const GatewayAccess& access, const Roster& roster, const PublicKey& client,
    const ChatRequest& request, const std::shared_ptr<HttpExchange>& exchange,
    std::function<void(const RoundId& round, std::optional<ApiError> error)> done) {
  std::variant<Verified<Query>, ApiError> made = MakeQuery(access, roster, request);
  if (const auto* error = std::get_if<ApiError>(&made)) {
    done({}, *error);
    return std::nullopt;
  }
  const auto query =
      std::make_shared<const Verified<Query>>(std::get<Verified<Query>>(std::move(made)));
  const RoundId round{query->body_digest()};
  // Who is at its limit is compared with rounds of a node that may be busy.
  const auto submit = [&access, client, query, round, exchange, done] {
    if (exchange->gone()) return;
    if (absl::Status status = access.limits->Admit(client, round); !status.ok()) {
      return exchange->Post([round, done, status] { done(round, LimitError(status)); });
    }
    // The council may answer when the exchange, or the whole server, has gone.
    access.council.Submit(*query, [client, round, exchange, done,
                                   limits = access.limits](const absl::StatusOr<RoundId>& taken) {
      limits->Settle(client, round, taken.ok());
      exchange->Post([round, done, status = taken.status()] {
        if (status.ok()) return done(round, std::nullopt);
        done(round, SubmitError(status, round));
      });
    });
  };
  if (access.workers.Run(submit, Workers::Turn::kFirst)) return round;
  done(round, TooManyWait());
  return std::nullopt;
}

}  // namespace decentd
