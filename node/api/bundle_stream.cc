#include "node/api/bundle_stream.h"

#include <algorithm>
#include <utility>

namespace decentd {

BundleStream::BundleStream(std::atomic<int>& open) : open_(open) { ++open_; }

BundleStream::BundleStream(std::string bundle, size_t chunk_bytes, std::atomic<int>& open)
    : bundle_(std::move(bundle)), chunk_bytes_(chunk_bytes), open_(open) {
  ++open_;
  Next();
}

BundleStream* BundleStream::Refuse(const grpc::Status& status, std::atomic<int>& open) {
  auto* stream = new BundleStream(open);
  stream->Finish(status);
  return stream;
}

void BundleStream::Next() {
  if (sent_ == bundle_.size()) {
    Finish(grpc::Status::OK);
    return;
  }
  const size_t size = std::min(chunk_bytes_, bundle_.size() - sent_);
  chunk_.set_data(bundle_.substr(sent_, size));
  sent_ += size;
  StartWrite(&chunk_);
}

// One operation is in flight at any time, and a cancelled call ends it with ok = false.
void BundleStream::OnWriteDone(bool ok) {
  if (ok) {
    Next();
  } else {
    Finish(grpc::Status::CANCELLED);
  }
}

void BundleStream::OnDone() {
  --open_;
  delete this;
}

}  // namespace decentd
