// Who is at the other end of an accepted connection: the roster key that signed its TLS leaf.
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
#include "node/core/roster.h"
#include "node/transport/link_policy.h"

namespace decentd {

// Runs once for each connection, before its first call reaches the service, and leaves what it
// found in the connection's properties. It lets strangers pass: the service refuses them with the
// address that only it knows. Names in a certificate are never looked at.
class PeerAuthenticator final : public grpc::AuthMetadataProcessor {
 public:
  explicit PeerAuthenticator(const Roster& roster);

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata&, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override;

  // What Process found. UNAUTHENTICATED, with the reason, for a stranger.
  static absl::StatusOr<NodeIndex> PeerOf(const grpc::AuthContext& context);

 private:
  const Roster& roster_;
  std::vector<PublicKey> keys_;
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
