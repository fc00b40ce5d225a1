#include "node/transport/stream.h"

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"

namespace decentd {

void Stream::MarkClosing() {
  if (!closing_since_) closing_since_ = std::chrono::steady_clock::now();
}

// A closing stream still says its control frames (a hello tells the other side why it closes).
bool Stream::TakeNextWrite() {
  if (writing_ || released_ || write_failed_ || outbox_.empty()) return false;
  if (closing_since_ && !outbox_.has_control()) return false;
  writing_ = true;
  size_t frames = 0;
  being_written_ = outbox_.Pop(frames);
  context_.counters.bytes_sent += being_written_.Length();
  context_.counters.frames_sent += frames;
  return true;
}

bool Stream::MayRelease() {
  if (!closing_since_ || holds_ > 0 || released_) return false;
  if (outbox_.has_control() && !write_failed_) return false;
  released_ = true;
  return true;
}

bool Stream::Send(EncodedFrame frame) {
  {
    std::lock_guard lock(mutex_);
    if (closing_since_ || write_failed_ || !outbox_.Push(std::move(frame))) return false;
  }
  Flush();
  return true;
}

void Stream::QueueControl(EncodedFrame frame) {
  std::lock_guard lock(mutex_);
  if (!closing_since_ && !write_failed_) outbox_.PushControl(std::move(frame));
}

bool Stream::control_waiting() const {
  std::lock_guard lock(mutex_);
  return outbox_.has_control();
}

void Stream::Flush() {
  {
    std::lock_guard lock(mutex_);
    if (!TakeNextWrite()) return;
    ++holds_;
  }
  StartWriteOperation(&being_written_);
}

void Stream::WriteDone(bool ok) {
  bool more = false;
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    being_written_.Clear();
    if (ok) {
      more = TakeNextWrite();  // the hold stays with it
    } else {
      // The call is over. Its status comes after what the other side had sent is read, so the
      // reads go on to their end.
      write_failed_ = true;
      outbox_.Clear();
    }
  }
  if (more) {
    StartWriteOperation(&being_written_);
  } else {
    DropHold();
  }
}

void Stream::ReadNext() {
  bool open;
  {
    std::lock_guard lock(mutex_);
    open = !closing_since_;
  }
  if (open) StartReadOperation(&reading_);
  DropHold();
}

void Stream::ReadDone(bool ok) {
  grpc::ByteBuffer message;
  bool deliver = false;
  {
    std::lock_guard lock(mutex_);
    ++holds_;
    if (ok) {
      deliver = !closing_since_;
      message.Swap(&reading_);
    } else {
      MarkClosing();
      outbox_.Clear();
    }
  }
  if (deliver) {
    context_.owner.OnMessage(shared_from_this(), std::move(message));
  } else {
    DropHold();
  }
}

void Stream::Close(const grpc::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (closing_since_) return;
    MarkClosing();
    status_ = status;
    outbox_.ClearFrames();
    if (dialled()) outbox_.Clear();
    ++holds_;
  }
  CloseOperation();
  Flush();
  DropHold();
}

std::optional<SteadyTime> Stream::closing_since() const {
  std::lock_guard lock(mutex_);
  return closing_since_;
}

void Stream::DropHold() {
  grpc::Status status;
  {
    std::lock_guard lock(mutex_);
    --holds_;
    if (!MayRelease()) return;
    status = status_;
  }
  Release(status);
}

void Stream::Done(const grpc::Status& status) {
  StreamPtr self;
  {
    std::lock_guard lock(mutex_);  // after every other thread's last use
    self = std::move(self_);
  }
  context_.owner.OnStreamDone(self, status);
}

std::string ReadableAddress(const std::string& grpc_peer) {
  std::string address = grpc_peer;
  if (absl::StartsWith(address, "ipv4:") || absl::StartsWith(address, "ipv6:")) {
    address.erase(0, 5);
  }
  return absl::StrReplaceAll(address, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

std::shared_ptr<AcceptedStream> AcceptedStream::Make(StreamContext context,
                                                     grpc::CallbackServerContext* call_context) {
  std::shared_ptr<AcceptedStream> stream(new AcceptedStream(std::move(context), call_context));
  stream->KeepSelf();
  return stream;
}

void AcceptedStream::Release(const grpc::Status& status) {
  finished_with_ = status;
  Finish(status);
}

void AcceptedStream::Cut() {
  std::lock_guard lock(call_context_mutex_);
  if (call_context_ != nullptr) call_context_->TryCancel();
}

void AcceptedStream::OnDone() {
  {
    std::lock_guard lock(call_context_mutex_);
    call_context_ = nullptr;
  }
  Done(finished_with_);
}

std::shared_ptr<DialledStream> DialledStream::Make(StreamContext context, std::string address,
                                                   LentChannel channel,
                                                   const std::string& cluster) {
  std::shared_ptr<DialledStream> stream(
      new DialledStream(std::move(context), std::move(address), std::move(channel)));
  stream->call_context_.AddMetadata(kClusterMetadata, cluster);
  stream->KeepSelf();
  return stream;
}

void DialledStream::Start() {
  stub_.PrepareBidiStreamingCall(&call_context_, "/decentd.peer.v1.Peer/Link", {}, this);
  AddHold();
  StartCall();
  Flush();
  ReadNext();
}

}  // namespace decentd
