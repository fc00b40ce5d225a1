#include "node/transport/peer_authenticator.h"

#include <grpc/grpc_security_constants.h>

#include "absl/strings/str_cat.h"
#include "crypto/tls_identity.h"
#include "node/log/log.h"

namespace decentd {
namespace {

constexpr char kPeerProperty[] = "decentd_peer_key";
constexpr char kProblemProperty[] = "decentd_problem";

std::string First(const grpc::AuthContext& context, const char* property) {
  const auto values = context.FindPropertyValues(property);
  return values.empty() ? "" : std::string(values[0].data(), values[0].size());
}

}  // namespace

grpc::Status PeerAuthenticator::Process(const InputMetadata&, grpc::AuthContext* context,
                                        OutputMetadata*, OutputMetadata*) {
  if (!First(*context, kPeerProperty).empty() || !First(*context, kProblemProperty).empty()) {
    return grpc::Status::OK;
  }
  const std::string leaf = First(*context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  const absl::StatusOr<PublicKey> key = IdentifyLeaf(leaf, keys_.Keys());
  if (key.ok()) {
    context->AddProperty(kPeerProperty, key->Hex());
  } else {
    context->AddProperty(kProblemProperty,
                         absl::IsUnauthenticated(key.status())
                             ? "its identity key is not in the roster"
                             : "its certificate does not come from a decentd node");
  }
  return grpc::Status::OK;
}

absl::StatusOr<PublicKey> PeerAuthenticator::KeyOf(const grpc::AuthContext& context) {
  if (const auto key = PublicKey::FromHex(First(context, kPeerProperty))) return *key;
  const std::string problem = First(context, kProblemProperty);
  return absl::UnauthenticatedError(problem.empty() ? "it is not authenticated" : problem);
}

void RefusalLog::Refused(const std::string& address, const std::string& reason) {
  constexpr size_t kMostHosts = 256;
  constexpr auto kQuiet = std::chrono::minutes(10);
  const std::string host = address.substr(0, address.rfind(':'));
  const SteadyTime now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (said_.size() >= kMostHosts && !said_.contains(host)) said_.clear();
  Said& said = said_[host];
  if (said.reason == reason && now - said.at < kQuiet) {
    ++said.unsaid;
    return;
  }
  // Reasons quote what the other side asks for: the same one is said once in a while, and all of a
  // host are limited by the log.
  Log(*log_, spdlog::level::warn, {"refused a peer", host, ""},
      absl::StrCat("refused a peer at ", address, ": ", reason,
                   said.unsaid == 0 ? "" : absl::StrCat(" (and ", said.unsaid, " times before)")));
  said = {reason, now, 0};
}

}  // namespace decentd
