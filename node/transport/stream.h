// One RPC between two peers as a pipe of frames: ordered, bounded writes; reads one at a time;
// a close that gRPC's rules allow at any moment. Knows nothing of hello, rosters or retries.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "node/core/limits.h"
#include "node/transport/link_policy.h"
#include "node/transport/outbox.h"

namespace decentd {

// A call's metadata under this key: hex cluster_id of the roster that the dialler comes for. The
// first releases named none.
inline constexpr char kClusterMetadata[] = "decentd-cluster";

// What gRPC takes in: above the limit on a frame, so that a frame just too long is named and not
// only cut.
inline constexpr int kMaxMessageBytes = static_cast<int>(limits::kMaxFrameBytes + 64 * 1024);

class Stream;
using StreamPtr = std::shared_ptr<Stream>;

// Called on gRPC's threads, never while a Stream holds a lock.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // A message arrived. The next one is read when the owner calls stream->ReadNext(), exactly once.
  virtual void OnMessage(const StreamPtr& stream, grpc::ByteBuffer message) = 0;
  // The last call for this stream. For a dialled stream `status` is what the other side or gRPC
  // says; for an accepted one it is how this side closed it.
  virtual void OnStreamDone(const StreamPtr& stream, const grpc::Status& status) = 0;
};

// Sums over all streams of a peer; written by several threads.
struct LinkCounters {
  std::atomic<uint64_t> bytes_sent{0}, bytes_received{0};
  std::atomic<uint64_t> frames_sent{0}, frames_received{0}, frames_dropped{0};
};

struct StreamContext {
  StreamOwner& owner;
  LinkCounters& counters;
  size_t queue_bytes;
  std::shared_ptr<void> lease;  // given back when all of the stream is gone, gRPC's parts included
};

// Thread-safe. gRPC allows one write and one read at a time, and no operation after Finish (of a
// server) or after the last hold is gone (of a client). So whoever may still start an operation has
// a hold here, and the call is let go when the stream is closing and nobody has one.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // True when this side opened the stream.
  virtual bool dialled() const = 0;
  // The address of the other side, as dialled or as the socket says.
  const std::string& address() const { return address_; }

  // Queues a frame and writes it at once when nothing else is being written. False when the queue
  // is full or the stream closing.
  bool Send(EncodedFrame frame);
  // Queues a frame of the link itself, which overtakes; the caller bounds how many. Written with
  // the next Flush() or Send(), so that it may be called under the owner's lock.
  void QueueControl(EncodedFrame frame);
  bool control_waiting() const;
  void Flush();

  // Starts to read the next message. Once after the start and once for each OnMessage.
  void ReadNext();

  // Ends the stream; what is queued is dropped, except that an accepted stream still writes its
  // control frames. The other side of an accepted stream gets the status, that of a dialled one
  // sees a cancellation.
  void Close(const grpc::Status& status);
  // Since when the stream is closing, by whichever side; nothing while it is open.
  std::optional<SteadyTime> closing_since() const;

  // Cuts a closed stream whose end does not get through. Not from a StreamOwner's call.
  virtual void Cut() = 0;

 protected:
  Stream(StreamContext context, std::string address)
      : context_(std::move(context)), address_(std::move(address)), outbox_(context_.queue_bytes) {}

  // Reactions of gRPC.
  void ReadDone(bool ok);
  void WriteDone(bool ok);
  void Done(const grpc::Status& status);

  // Operations of gRPC. Release is called once, when no other operation will be started.
  virtual void StartReadOperation(grpc::ByteBuffer* message) = 0;
  virtual void StartWriteOperation(const grpc::ByteBuffer* message) = 0;
  virtual void CloseOperation() = 0;  // at the start of Close
  virtual void Release(const grpc::Status& status) = 0;

  void KeepSelf() { self_ = shared_from_this(); }

 private:
  // All under mutex_.
  void MarkClosing();
  bool TakeNextWrite();
  bool MayRelease();

  void DropHold();

  const StreamContext context_;
  const std::string address_;
  StreamPtr self_;  // gRPC holds a bare pointer until Done

  mutable std::mutex mutex_;
  Outbox outbox_;
  grpc::ByteBuffer reading_;        // owned by the read in flight
  grpc::ByteBuffer being_written_;  // owned by the holder of writing_
  bool writing_ = false;
  bool write_failed_ = false;
  std::optional<SteadyTime> closing_since_;
  bool released_ = false;
  int holds_ = 1;  // the first read
  grpc::Status status_;
};

// "10.0.0.1:1234" from gRPC's "ipv4:10.0.0.1:1234", likewise for IPv6.
std::string ReadableAddress(const std::string& grpc_peer);

// The stream of a call that a peer made. Owned by gRPC until OnDone.
class AcceptedStream final : public Stream,
                             public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static std::shared_ptr<AcceptedStream> Make(StreamContext context,
                                              grpc::CallbackServerContext* call_context);
  bool dialled() const override { return false; }
  void Cut() override;

 private:
  AcceptedStream(StreamContext context, grpc::CallbackServerContext* call_context)
      : Stream(std::move(context), ReadableAddress(call_context->peer())),
        call_context_(call_context) {}

  void OnReadDone(bool ok) override { ReadDone(ok); }
  void OnWriteDone(bool ok) override { WriteDone(ok); }
  void OnDone() override;

  void StartReadOperation(grpc::ByteBuffer* message) override { StartRead(message); }
  void StartWriteOperation(const grpc::ByteBuffer* message) override { StartWrite(message); }
  void CloseOperation() override {}
  void Release(const grpc::Status& status) override;

  std::mutex call_context_mutex_;
  grpc::CallbackServerContext* call_context_;  // null after OnDone: gRPC destroys it
  grpc::Status finished_with_;
};

// gRPC ends the threads that run its callbacks when the last channel or server that uses them goes,
// and waits for them. So a channel must not be destroyed by such a thread, which is what happens if
// it lives in a stream; this hands it on to be destroyed elsewhere.
struct LentChannel {
  std::shared_ptr<grpc::Channel> channel;
  std::function<void(std::shared_ptr<grpc::Channel>)> give_back;

  LentChannel(std::shared_ptr<grpc::Channel> lent,
              std::function<void(std::shared_ptr<grpc::Channel>)> back)
      : channel(std::move(lent)), give_back(std::move(back)) {}
  LentChannel(LentChannel&&) = default;
  ~LentChannel() {
    if (channel) give_back(std::move(channel));
  }
};

// The stream of a call that this node makes, with a channel of its own.
class DialledStream final : public Stream,
                            public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // `cluster`: hex cluster_id of the roster that the call is made for.
  static std::shared_ptr<DialledStream> Make(StreamContext context, std::string address,
                                             LentChannel channel, const std::string& cluster);
  // Connects and makes the call.
  void Start();
  bool dialled() const override { return true; }
  void Cut() override { call_context_.TryCancel(); }

 private:
  DialledStream(StreamContext context, std::string address, LentChannel channel)
      : Stream(std::move(context), std::move(address)),
        channel_(std::move(channel)),
        stub_(channel_.channel) {}

  void OnReadDone(bool ok) override { ReadDone(ok); }
  void OnWriteDone(bool ok) override { WriteDone(ok); }
  void OnDone(const grpc::Status& status) override { Done(status); }

  void StartReadOperation(grpc::ByteBuffer* message) override { StartRead(message); }
  void StartWriteOperation(const grpc::ByteBuffer* message) override { StartWrite(message); }
  void CloseOperation() override { call_context_.TryCancel(); }
  void Release(const grpc::Status&) override { RemoveHold(); }

  LentChannel channel_;  // before those that share it, so that it goes last
  grpc::GenericStub stub_;
  grpc::ClientContext call_context_;
};

}  // namespace decentd
