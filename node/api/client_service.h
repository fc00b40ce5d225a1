// The methods of decentd.client.v1.Council over the Council interface. Made by ClientServer.
#pragma once

#include <atomic>
#include <set>

#include "decentd/client/v1/client.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "node/api/client_limits.h"
#include "node/api/council.h"
#include "node/api/peer_info.h"
#include "node/api/query_check.h"
#include "node/api/watch_stream.h"

namespace decentd {

// Thread-safe. What it is given outlives it.
class ClientService final : public client::v1::Council::CallbackService {
 public:
  struct Options {
    std::set<PublicKey> allowed_clients;  // empty = every client
    ClientLimits::Options limits;
    WatchStreams::Options watch;
    size_t bundle_chunk_bytes = 256 * 1024;
    int bundle_streams = 8;  // each holds a whole bundle in memory
  };

  ClientService(Options options, decentd::Council& council, QueryCheck check,
                PeerInfoProvider peers);

  // Ends all watchers; later ones are refused.
  void EndWatchers();

 private:
  using Context = grpc::CallbackServerContext;

  grpc::ServerUnaryReactor* Submit(Context* context, const client::v1::SubmitRequest* request,
                                   client::v1::SubmitResponse* response) override;
  grpc::ServerWriteReactor<client::v1::RoundEvent>* Watch(
      Context* context, const client::v1::WatchRequest* request) override;
  grpc::ServerUnaryReactor* GetRound(Context* context, const client::v1::GetRoundRequest* request,
                                     client::v1::Round* response) override;
  grpc::ServerUnaryReactor* ListRounds(Context* context,
                                       const client::v1::ListRoundsRequest* request,
                                       client::v1::ListRoundsResponse* response) override;
  grpc::ServerWriteReactor<client::v1::BundleChunk>* GetBundle(
      Context* context, const client::v1::GetBundleRequest* request) override;
  grpc::ServerUnaryReactor* GetStatus(Context* context, const client::v1::GetStatusRequest* request,
                                      client::v1::NodeStatus* response) override;
  grpc::ServerUnaryReactor* ListPeers(Context* context, const client::v1::ListPeersRequest* request,
                                      client::v1::ListPeersResponse* response) override;
  grpc::ServerUnaryReactor* ListEvidence(Context* context,
                                         const client::v1::ListEvidenceRequest* request,
                                         client::v1::ListEvidenceResponse* response) override;

  // The checks before the council sees a query: decoded, signed, allowed, within the limits.
  absl::StatusOr<Verified<Query>> Admit(const types::v1::Envelope& envelope);
  absl::Status FillRounds(const client::v1::ListRoundsRequest& request,
                          client::v1::ListRoundsResponse* response);
  absl::Status FillEvidence(const client::v1::ListEvidenceRequest& request,
                            client::v1::ListEvidenceResponse* response);

  const Options options_;
  decentd::Council& council_;
  const QueryCheck check_;
  const PeerInfoProvider peers_;
  // Shared with calls that wait for the council, which may answer after the server stopped.
  const std::shared_ptr<ClientLimits> limits_;
  WatchStreams watchers_;
  std::atomic<int> open_bundles_{0};
};

}  // namespace decentd
