#include "node/api/watch_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "node/api/client_convert.h"

namespace decentd {

bool WatchStreams::Add(WatchStream* stream) {
  std::lock_guard lock(mutex_);
  if (ended_ || streams_.size() >= options_.streams) return false;
  streams_.insert(stream);
  return true;
}

void WatchStreams::Remove(WatchStream* stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

size_t WatchStreams::size() const {
  std::lock_guard lock(mutex_);
  return streams_.size();
}

void WatchStreams::EndAll(const grpc::Status& status) {
  // Under the lock, so that no stream is deleted meanwhile: OnDone removes itself first.
  std::lock_guard lock(mutex_);
  ended_ = true;
  for (WatchStream* stream : streams_) stream->End(status);
}

WatchStream* WatchStream::Start(Council& council, WatchStreams& streams,
                                const client::v1::WatchRequest& request) {
  auto* stream = new WatchStream(streams);
  if (!streams.Add(stream)) {
    stream->End({grpc::StatusCode::RESOURCE_EXHAUSTED,
                 absl::StrCat("this node serves at most ", streams.options().streams,
                              " watchers at once; try again later or watch another node")});
    return stream;
  }
  const absl::StatusOr<RoundId> round = RoundIdFromBytes(request.round_id());
  if (!round.ok()) {
    stream->End(ToGrpc(round.status()));
    return stream;
  }
  stream->Subscribe(council, *round, request.after_seq());
  return stream;
}

void WatchStream::Subscribe(Council& council, const RoundId& round, uint64_t after_seq) {
  after_seq_ = after_seq;
  // One earlier: a watcher that has the round's last event already is told that it was the last.
  auto subscription = council.Watch(round, after_seq == 0 ? 0 : after_seq - 1,
                                    [this](const RoundEvent& event) { OnEvent(event); });
  if (!subscription.ok()) {
    End(ToGrpc(subscription.status()));
    return;
  }
  subscription_ = *std::move(subscription);
}

void WatchStream::OnEvent(const RoundEvent& event) {
  std::lock_guard lock(mutex_);
  if (closing_ || finished_) return;
  if (event.seq > after_seq_) {
    if (waiting_.size() >= streams_.options().queue) {
      closing_ = true;
      last_ = {grpc::StatusCode::RESOURCE_EXHAUSTED,
               absl::StrCat("the watcher is too slow: ", waiting_.size(),
                            " events were waiting; resume with after_seq = ", after_seq_)};
      Advance();
      return;
    }
    after_seq_ = event.seq;
    waiting_.push_back(ToProto(event));
  }
  if (event.last()) closing_ = true;  // last_ is OK
  Advance();
}

void WatchStream::Advance() {
  if (writing_ || finished_) return;
  if (!waiting_.empty()) {
    writing_ = true;
    StartWrite(&waiting_.front());
  } else if (closing_) {
    FinishOnce(last_);
  }
}

void WatchStream::OnWriteDone(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  waiting_.pop_front();
  if (!ok) {  // the client is gone
    waiting_.clear();
    FinishOnce(grpc::Status::CANCELLED);
    return;
  }
  Advance();
}

void WatchStream::OnCancel() { End(grpc::Status::CANCELLED); }

void WatchStream::End(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  closing_ = true;
  FinishOnce(status);
}

void WatchStream::FinishOnce(const grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  Finish(status);
}

void WatchStream::OnDone() {
  streams_.Remove(this);
  subscription_.reset();
  delete this;
}

}  // namespace decentd
