#include "node/transport/peer_link.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node/core/limits.h"
#include "node/log/log.h"

namespace decentd {
namespace {

using std::chrono::steady_clock;

bool Parse(grpc::ByteBuffer& message, peer::v1::Frame& frame) {
  grpc::ProtoBufferReader reader(&message);
  return frame.ParseFromZeroCopyStream(&reader) && reader.status().ok();
}

// Ends a call with the reason and goes away.
class Refusal final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

void PeerLink::Actions::Run() {
  if (start) start->Start();
  for (const StreamPtr& stream : flush) stream->Flush();
  for (const auto& [stream, status] : close) stream->Close(status);
  for (const StreamPtr& stream : cut) stream->Cut();
}

PeerLink::PeerLink(LinkEnvironment& environment, NodeIndex peer)
    : env_(environment),
      times_(environment.options.times),
      peer_(peer),
      faults_(environment.options.faults_per_minute, environment.options.first_block,
              environment.options.longest_block),
      addresses_(environment.options.roster->node(peer).addresses),
      backoff_(times_.first_backoff, times_.longest_backoff),
      state_(addresses_.empty() ? "waiting" : "connecting"),
      detail_(addresses_.empty() ? "no address: waits to be dialled" : "") {
  next_dial_ = steady_clock::now();
  if (!arbiter()) next_dial_ += times_.higher_index_waits;
}

StreamContext PeerLink::NewStreamContext() {
  return {*this, counters_, env_.options.queue_bytes, env_.lease()};
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PeerLink::Accept(
    grpc::CallbackServerContext* context) {
  Actions actions;
  std::shared_ptr<AcceptedStream> stream;
  {
    std::lock_guard lock(mutex_);
    const SteadyTime now = steady_clock::now();
    if (grpc::Status refusal = RefusalOfCalls(now); !refusal.ok()) return new Refusal(refusal);
    stream = AcceptedStream::Make(NewStreamContext(), context);
    if (accepted_) {
      actions.close.emplace_back(accepted_, grpc::Status(grpc::StatusCode::ABORTED,
                                                         "a newer stream came before its hello"));
    }
    accepted_ = stream;
    accepted_since_ = now;
    streams_.push_back(stream);
    if (!arbiter()) {
      stream->QueueControl(env_.hello);
      actions.flush.push_back(stream);
    }
  }
  actions.Run();
  stream->ReadNext();
  env_.wake();
  return stream.get();
}

void PeerLink::OnMessage(const StreamPtr& stream, grpc::ByteBuffer message) {
  const size_t size = message.Length();
  counters_.bytes_received += size;
  peer::v1::Frame frame;
  std::string problem;
  if (size > limits::kMaxFrameBytes) {
    problem = absl::StrCat("a frame of ", size, " bytes; the limit is ", limits::kMaxFrameBytes);
  } else if (!Parse(message, frame) || frame.kind_case() == peer::v1::Frame::KIND_NOT_SET) {
    problem = absl::StrCat("an undecodable frame of ", size, " bytes");
  }
  Actions actions;
  bool read_next = true;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || (stream != live_ && stream != dialling_ && stream != accepted_)) {
      // A stream that this side is closing.
    } else if (!problem.empty()) {
      Misuse(stream, problem, actions);
    } else {
      read_next = OnFrame(stream, std::move(frame), actions);
    }
  }
  actions.Run();
  if (read_next) stream->ReadNext();
  Drain();
}

// False when the receiver gets the frame: the next one is read when it has taken this one.
bool PeerLink::OnFrame(const StreamPtr& stream, peer::v1::Frame frame, Actions& actions) {
  const SteadyTime now = steady_clock::now();
  last_seen_unix_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  if (stream != live_) {
    if (!frame.has_hello()) {
      Misuse(stream, "a frame before its hello", actions);
    } else {
      OnHello(stream, frame.hello(), actions);
    }
    return true;
  }
  last_frame_ = now;
  switch (frame.kind_case()) {
    case peer::v1::Frame::kHello:
      Misuse(stream, "a second hello", actions);
      return true;
    case peer::v1::Frame::kPing:
      // One answer at a time: a flood of pings by a peer that does not read costs no memory.
      if (!stream->control_waiting()) {
        peer::v1::Frame pong;
        pong.mutable_pong()->set_id(frame.ping().id());
        pong.mutable_pong()->set_unix_ms(last_seen_unix_ms_);  // just now
        stream->QueueControl(EncodeFrame(pong));
        actions.flush.push_back(stream);
      }
      return true;
    case peer::v1::Frame::kPong:
      if (frame.pong().id() == ping_id_) {
        round_trip_ms_ = std::chrono::duration<double, std::milli>(now - ping_sent_).count();
        if (frame.pong().unix_ms() > 0) {
          // It answered half a round trip ago.
          clock_offset_ms_ = static_cast<double>(frame.pong().unix_ms()) -
                             (static_cast<double>(last_seen_unix_ms_) - round_trip_ms_ / 2);
        }
      }
      return true;
    default:
      ++counters_.frames_received;
      ++undelivered_frames_;
      events_.push_back({Event::Type::kFrame, stream, std::move(frame)});
      return false;
  }
}

std::string PeerLink::HelloProblem(const peer::v1::Hello& hello, std::string& state) const {
  const std::string& self = env_.options.roster->node(env_.options.self).name;
  if (hello.protocol_version() != kLinkProtocolVersion) {
    state = "other version";
    return absl::StrCat(name(), " speaks version ", hello.protocol_version(),
                        " of the peer protocol (", Printable(hello.software_version(), 64), "), ",
                        self, " version ", kLinkProtocolVersion, " (",
                        env_.options.software_version, "): run the same release on both");
  }
  const Digest& own = env_.options.roster->cluster_id();
  if (hello.cluster_id() != own.View()) {
    state = "other roster";
    const auto theirs = Digest::FromBytes(hello.cluster_id());
    return absl::StrCat(name(), " has roster ",
                        theirs ? theirs->Hex().substr(0, 12) : "of no valid id", ", ", self, " ",
                        own.Hex().substr(0, 12), ": compare `decentctl roster show` on both");
  }
  return "";
}

void PeerLink::OnHello(const StreamPtr& stream, const peer::v1::Hello& hello, Actions& actions) {
  std::string state;
  if (const std::string problem = HelloProblem(hello, state); !problem.empty()) {
    if (!live_) SetState(state, problem);
    if (stream == dialling_) dial_judged_ = true;
    if (arbiter()) {
      // So that the other side can name both rosters too. It then ends a stream dialled from here;
      // to cancel it could overtake the hello.
      stream->QueueControl(env_.hello);
      actions.flush.push_back(stream);
      if (stream->dialled()) return;
    }
    actions.close.emplace_back(stream,
                               grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, problem));
    return;
  }
  if (live_ && hello.boot() < live_boot_) {
    actions.close.emplace_back(
        stream, grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                             absl::StrCat("linked to start ", live_boot_,
                                          " of this node, and this is start ", hello.boot(),
                                          ": is it running twice?")));
    return;
  }
  // Both have dialled at once: the first that got here stays. A second stream later, or one that
  // the same side dialled again, comes from a peer that has lost the first.
  if (arbiter() && live_ && hello.boot() == live_boot_ && live_->dialled() != stream->dialled() &&
      steady_clock::now() - live_since_ < times_.simultaneous) {
    actions.close.emplace_back(
        stream, grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "a stream of this pair is open"));
    return;
  }
  Adopt(stream, hello, actions);
}

void PeerLink::Adopt(const StreamPtr& stream, const peer::v1::Hello& hello, Actions& actions) {
  if (live_) {
    actions.close.emplace_back(
        live_, grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "replaced by a newer stream"));
    DropLive("connecting", "replaced by a newer stream");
  }
  if (arbiter()) {
    stream->QueueControl(env_.hello);  // before anyone can send on it
    actions.flush.push_back(stream);
    if (dialling_ && dialling_ != stream) {
      actions.close.emplace_back(dialling_, grpc::Status::CANCELLED);
      dialling_.reset();
    }
  }
  if (dialling_ == stream) dialling_.reset();
  if (accepted_ == stream) accepted_.reset();
  live_ = stream;
  live_boot_ = hello.boot();
  live_since_ = last_frame_ = steady_clock::now();
  next_ping_ = live_since_;
  address_ = stream->address();
  version_ = Printable(hello.software_version(), 64);
  events_.push_back({Event::Type::kUp, stream, {}});
  state_ = "linked";
  detail_.clear();
  said_.clear();
  Log(*env_.options.log, spdlog::level::info, {"linked", name(), ""},
      absl::StrCat(name(), ": linked, ", stream->dialled() ? "dialled at " : "dialled from ",
                   address_, ", version ", version_));
  env_.wake();
}

void PeerLink::DropLive(const std::string& state, const std::string& detail) {
  const SteadyTime now = steady_clock::now();
  events_.push_back({Event::Type::kDown, live_, {}});
  live_.reset();
  round_trip_ms_ = -1;
  clock_offset_ms_.reset();
  next_dial_ = now;
  if (!arbiter()) next_dial_ += times_.higher_index_waits;
  if (now - live_since_ >= times_.good_after) {
    backoff_.Reset();
  } else {
    next_dial_ += backoff_.Next(env_.random());
  }
  SetState(state, detail);
  env_.wake();
}

void PeerLink::OnStreamDone(const StreamPtr& stream, const grpc::Status& status) {
  {
    std::lock_guard lock(mutex_);
    std::erase(streams_, stream);
    if (stream == accepted_) accepted_.reset();
    if (stream == dialling_) {
      DialFailed(status);
    } else if (stream == live_) {
      // An accepted stream ends with this side's own status, which says nothing of the peer.
      const std::string said =
          stream->dialled() ? Printable(status.error_message(), 200) : std::string();
      if (stream->dialled() && IsRefusal(status.error_code())) {
        DropLive("refused", absl::StrCat(name(), " says: ", said));
      } else {
        DropLive("connecting", absl::StrCat("link lost", said.empty() ? "" : ": ", said));
      }
    }
  }
  Drain();
}

void PeerLink::Drain() {
  std::unique_lock lock(mutex_);
  if (draining_) return;
  draining_ = true;
  while (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    lock.unlock();
    LinkReceiver& receiver = *env_.options.receiver;
    switch (event.type) {
      case Event::Type::kUp:
        receiver.OnLinkUp(peer_);
        break;
      case Event::Type::kDown:
        receiver.OnLinkDown(peer_);
        break;
      case Event::Type::kFrame:
        receiver.OnFrame(peer_, std::move(event.frame));
        break;
    }
    lock.lock();
    if (event.type == Event::Type::kFrame) {
      --undelivered_frames_;
      last_frame_ = steady_clock::now();  // the time that the receiver took is not the peer's
      lock.unlock();
      event.stream->ReadNext();
      event.stream.reset();
      lock.lock();
    }
  }
  draining_ = false;
}

}  // namespace decentd
