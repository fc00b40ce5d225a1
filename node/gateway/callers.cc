#include "node/gateway/callers.h"

#include <openssl/crypto.h>

#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "node/api/listen_address.h"

namespace decentd {
namespace {

// "Bearer KEY"; nothing where it says something else.
std::optional<std::string> BearerKey(const std::string& authorization) {
  const std::string scheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, scheme)) return std::nullopt;
  return std::string(absl::StripAsciiWhitespace(authorization.substr(scheme.size())));
}

PublicKey AsCaller(const Digest& digest) {
  PublicKey caller;
  caller.bytes = digest.bytes;
  return caller;
}

bool IsLocalName(std::string_view host) {
  const size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.back() != ']') host = host.substr(0, port);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return ListenAddress{std::string(host), 0}.IsLoopback();
}

}  // namespace

std::optional<PublicKey> Callers::CallerOf(const HttpRequest& request) const {
  if (api_keys_.empty()) return PublicKey{};
  const std::optional<std::string> key = BearerKey(request.authorization);
  if (!key) return std::nullopt;
  const Digest digest = Sha256(*key);
  // All are compared, each in constant time: how long it takes tells nothing of any key.
  bool found = false;
  for (const auto& [known, limits] : api_keys_) {
    found |= CRYPTO_memcmp(known.bytes.data(), digest.bytes.data(), Digest::kSize) == 0;
  }
  return found ? std::optional(AsCaller(digest)) : std::nullopt;
}

bool Callers::ByForeignName(const HttpRequest& request) const {
  return api_keys_.empty() && !IsLocalName(request.host);
}

GatewayLimits Callers::LimitsOf(const std::optional<PublicKey>& caller) const {
  if (!caller) return {.body_bytes = 0};
  return api_keys_.empty() ? all_ : api_keys_.at(Digest{caller->bytes});
}

ClientLimits::Options Callers::QuestionLimits() const {
  const auto each = [](const GatewayLimits& limits) {
    return ClientLimits::Each{.requests_per_minute = limits.requests_per_minute,
                              .rounds_in_flight = limits.rounds_in_flight};
  };
  ClientLimits::Options made{.each = each(all_)};
  for (const auto& [digest, limits] : api_keys_) made.own[AsCaller(digest)] = each(limits);
  return made;
}

std::shared_ptr<const void> Callers::Begin(const PublicKey& caller) const {
  // Without keys all share the connections, and that is the bound.
  const uint32_t most = api_keys_.empty() ? 0 : LimitsOf(caller).requests_at_once;
  const std::lock_guard lock(under_way_->mutex);
  uint32_t& count = under_way_->of[caller];
  if (most != 0 && count >= most) return nullptr;
  ++count;
  return {under_way_.get(), [all = under_way_, caller](const void*) {
            const std::lock_guard ending(all->mutex);
            if (--all->of[caller] == 0) all->of.erase(caller);
          }};
}

}  // namespace decentd
