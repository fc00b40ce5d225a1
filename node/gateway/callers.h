// Who asks at the gateway: by API key, or everybody on this machine together where no key is asked
// for; and what each may. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "crypto/signer.h"
#include "node/api/client_limits.h"
#include "node/core/ids.h"
#include "node/gateway/http.h"

namespace decentd {

// What one API key may ask.
struct GatewayLimits {
  uint32_t requests_per_minute = 60;  // questions; 0 = no limit
  uint32_t rounds_in_flight = 8;      // 0 = no limit
  size_t body_bytes = 3 * 1024 * 1024;
  uint32_t requests_at_once = 64;  // watching too, with an API key only; 0 = no limit
};

class Callers {
 public:
  // `api_keys`: by the SHA-256 of each; empty = no key is asked for, and `all` counts for everybody
  // together.
  Callers(std::map<Digest, GatewayLimits> api_keys, GatewayLimits all)
      : api_keys_(std::move(api_keys)), all_(all) {}

  // For whom the limits count a request: its key's digest in a public key's place, zeros where no
  // key is asked for; nothing where its key is none of ours.
  std::optional<PublicKey> CallerOf(const HttpRequest& request) const;
  // Without keys the name that a browser used must be this machine's: else a page of a name that
  // was made to point here could ask (DNS rebinding).
  bool ByForeignName(const HttpRequest& request) const;
  // Either: nothing is said to them but what is open to everybody.
  bool IsStranger(const HttpRequest& request) const {
    return ByForeignName(request) || !CallerOf(request);
  }

  // Of nobody: those of strangers, whose requests have no body.
  GatewayLimits LimitsOf(const std::optional<PublicKey>& caller) const;
  ClientLimits::Options QuestionLimits() const;

  // One more request of the caller, until what is returned goes, which may be after this object
  // has; null where it may have no more under way. Without API keys never null.
  std::shared_ptr<const void> Begin(const PublicKey& caller) const;

 private:
  struct UnderWay {
    std::mutex mutex;
    std::map<PublicKey, uint32_t> of;  // none is 0
  };

  const std::map<Digest, GatewayLimits> api_keys_;
  const GatewayLimits all_;
  const std::shared_ptr<UnderWay> under_way_ = std::make_shared<UnderWay>();
};

}  // namespace decentd
