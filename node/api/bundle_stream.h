// Sends a round's bundle in chunks.
#pragma once

#include <atomic>
#include <string>

#include "decentd/client/v1/client.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace decentd {

// Owned by gRPC: deletes itself.
class BundleStream : public grpc::ServerWriteReactor<client::v1::BundleChunk> {
 public:
  // `open` counts the streams of a server and outlives this one.
  BundleStream(std::string bundle, size_t chunk_bytes, std::atomic<int>& open);

  // A stream that only says why there is no bundle.
  static BundleStream* Refuse(const grpc::Status& status, std::atomic<int>& open);

  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  explicit BundleStream(std::atomic<int>& open);
  void Next();

  const std::string bundle_;
  const size_t chunk_bytes_ = 1;
  size_t sent_ = 0;
  client::v1::BundleChunk chunk_;
  std::atomic<int>& open_;
};

}  // namespace decentd
