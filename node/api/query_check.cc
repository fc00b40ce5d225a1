#include "node/api/query_check.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "node/core/limits.h"

namespace decentd {
namespace {

absl::Status Refused(FaultKind fault, const Digest& cluster_id) {
  switch (fault) {
    case FaultKind::kTooLarge:
      return absl::InvalidArgumentError(absl::StrCat("the query is too large: at most ",
                                                     limits::kMaxQueryBytes, " bytes are taken"));
    case FaultKind::kBadSignature:
      return absl::UnauthenticatedError(
          absl::StrCat("the query's signature does not hold under its client_key in cluster ",
                       cluster_id.Hex(), ": was it signed for another roster?"));
    case FaultKind::kUnknownAuthor:
      return absl::InvalidArgumentError(
          absl::StrCat("the author of a query is a client: expected ", kClientAuthor));
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "the query does not decode (", std::string(FaultName(fault)),
          "): expected a decentd.types.v1.Query with a 32-byte client_key, at least one message, ",
          "a 16-byte nonce and values within their ranges"));
  }
}

}  // namespace

QueryCheck CheckWith(const Verifier& verifier) {
  return [&verifier](const Envelope& envelope) -> absl::StatusOr<Verified<Query>> {
    if (envelope.kind != Kind::kQuery) {
      return absl::InvalidArgumentError("expected an envelope of KIND_QUERY with body and signature");
    }
    std::variant<AnyVerified, FaultKind> checked = verifier.Verify(envelope);
    if (const auto* fault = std::get_if<FaultKind>(&checked)) {
      return Refused(*fault, verifier.roster().cluster_id());
    }
    return std::get<Verified<Query>>(std::get<AnyVerified>(checked));
  };
}

}  // namespace decentd
