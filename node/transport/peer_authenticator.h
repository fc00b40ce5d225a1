// Who is at the other end of an accepted connection: the identity key that signed its TLS leaf.
#pragma once

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/credentials.h>
#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signer.h"
#include "node/transport/link_policy.h"

namespace decentd {

// The identity keys that may link: of every roster that is served at the moment. Thread-safe.
class PeerKeys {
 public:
  virtual ~PeerKeys() = default;
  virtual std::vector<PublicKey> Keys() const = 0;
};

// Runs once for each connection, before its first call reaches the service, and leaves what it
// found in the connection's properties. It lets strangers pass: the service refuses them with the
// address that only it knows. Names in a certificate are never looked at.
class PeerAuthenticator final : public grpc::AuthMetadataProcessor {
 public:
  explicit PeerAuthenticator(const PeerKeys& keys) : keys_(keys) {}

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata&, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override;

  // What Process found. UNAUTHENTICATED, with the reason, for a stranger.
  static absl::StatusOr<PublicKey> KeyOf(const grpc::AuthContext& context);

 private:
  const PeerKeys& keys_;
};

// Says once in a while that somebody at an address was refused. Thread-safe; bounded.
class RefusalLog {
 public:
  explicit RefusalLog(std::shared_ptr<spdlog::logger> log) : log_(std::move(log)) {}
  void Refused(const std::string& address, const std::string& reason);

 private:
  struct Said {
    std::string reason;
    SteadyTime at;
    uint64_t unsaid = 0;
  };
  const std::shared_ptr<spdlog::logger> log_;
  std::mutex mutex_;
  std::map<std::string, Said> said_;  // by host
};

}  // namespace decentd
