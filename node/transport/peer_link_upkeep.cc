// The part of PeerLink that acts by itself: dialling, pings, faults, and what people are told.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node/log/log.h"
#include "node/transport/peer_link.h"

namespace decentd {

using std::chrono::steady_clock;

namespace {

// After a ping for which there was no room.
constexpr std::chrono::milliseconds kPingAgain{100};

}  // namespace

std::string Printable(const std::string& text, size_t longest) {
  std::string printable = text.substr(0, longest);
  for (char& c : printable) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return printable;
}

bool IsRefusal(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::INVALID_ARGUMENT:
      return true;
    default:
      return false;
  }
}

void PeerLink::SetState(std::string state, std::string detail) {
  state_ = std::move(state);
  detail_ = std::move(detail);
  if (stopping_) return;
  // Which connection attempt fails how is noise; a refusal's words matter. Bounded, because the
  // other side chooses the words.
  constexpr size_t kMostReasons = 16;
  const std::string reason = state_ == "connecting" ? state_ : absl::StrCat(state_, " ", detail_);
  if (said_.size() >= kMostReasons || !said_.insert(reason).second) return;
  const auto level = state_ == "connecting" ? spdlog::level::info : spdlog::level::warn;
  Log(*env_.options.log, level, {state_, name(), ""},
      absl::StrCat(name(), ": ", state_, detail_.empty() ? "" : ": ", detail_));
}

grpc::Status PeerLink::RefusalOfCalls(SteadyTime now) const {
  if (stopping_) return {grpc::StatusCode::UNAVAILABLE, "shutting down"};
  if (faults_.Blocked(now)) {
    return {grpc::StatusCode::RESOURCE_EXHAUSTED,
            absl::StrCat("too many faults: refused for ", faults_.block().count() / 1000, " s")};
  }
  return grpc::Status::OK;
}

void PeerLink::Misuse(const StreamPtr& stream, const std::string& what, Actions& actions) {
  const std::string detail = absl::StrCat("closed the link: ", name(), " sent ", what);
  actions.close.emplace_back(stream, grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, detail));
  if (stream == live_) {
    DropLive("connecting", detail);
  } else {
    if (stream == dialling_) {
      dialling_.reset();
      next_dial_ = steady_clock::now() + backoff_.Next(env_.random());
    }
    if (stream == accepted_) accepted_.reset();
    if (!live_) SetState("connecting", detail);
  }
  CountFaultLocked(actions);
}

void PeerLink::CountFault() {
  Actions actions;
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) CountFaultLocked(actions);
  }
  actions.Run();
}

void PeerLink::CountFaultLocked(Actions& actions) {
  if (!faults_.Count(steady_clock::now())) return;
  const std::string detail =
      absl::StrCat("more than ", env_.options.faults_per_minute,
                   " faults in a minute: refused for ", faults_.block().count() / 1000, " s");
  CloseAll("misbehaved", {grpc::StatusCode::RESOURCE_EXHAUSTED, detail}, actions);
  env_.wake();
}

void PeerLink::CloseAll(const std::string& state, const grpc::Status& status, Actions& actions) {
  for (const StreamPtr& stream : streams_) actions.close.emplace_back(stream, status);
  dialling_.reset();
  accepted_.reset();
  if (live_) {
    DropLive(state, status.error_message());
  } else {
    SetState(state, status.error_message());
  }
}

void PeerLink::SetAddresses(std::vector<std::string> addresses) {
  {
    std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
    next_address_ = 0;
    next_dial_ = steady_clock::now();
    backoff_.Reset();
    if (state_ == "waiting" && !addresses_.empty()) {
      state_ = "connecting";
      detail_.clear();
    }
  }
  env_.wake();
}

void PeerLink::Stop() {
  Actions actions;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    CloseAll("closed", RefusalOfCalls(steady_clock::now()), actions);
    for (const StreamPtr& stream : streams_) {
      if (stream->dialled()) actions.cut.push_back(stream);
    }
  }
  actions.Run();
}

void PeerLink::Cut() {
  Actions actions;
  {
    std::lock_guard lock(mutex_);
    actions.cut = streams_;
  }
  actions.Run();
}

void PeerLink::Send(EncodedFrame frame) {
  StreamPtr stream;
  {
    std::lock_guard lock(mutex_);
    stream = live_;
  }
  if (!stream || !stream->Send(std::move(frame))) ++counters_.frames_dropped;
}

PeerState PeerLink::State() const {
  PeerState state;
  state.peer = peer_;
  state.bytes_sent = counters_.bytes_sent;
  state.bytes_received = counters_.bytes_received;
  state.frames_sent = counters_.frames_sent;
  state.frames_received = counters_.frames_received;
  state.frames_dropped = counters_.frames_dropped;
  std::lock_guard lock(mutex_);
  state.linked = live_ != nullptr;
  state.state = state_;
  state.detail = detail_;
  state.address = address_;
  state.version = version_;
  state.round_trip_ms = round_trip_ms_;
  state.clock_offset_ms = clock_offset_ms_;
  state.last_seen_unix_ms = last_seen_unix_ms_;
  return state;
}

void PeerLink::DialFailed(const grpc::Status& status) {
  dialling_.reset();
  ++next_address_;
  next_dial_ = steady_clock::now();
  // The next address of the same peer is tried soon, the first one again after a wait.
  next_dial_ += !addresses_.empty() && next_address_ % addresses_.size() != 0
                    ? times_.first_backoff
                    : backoff_.Next(env_.random());
  env_.wake();
  if (live_ || dial_judged_ || stopping_) return;
  const std::string message = Printable(status.error_message(), 300);
  if (IsRefusal(status.error_code())) {
    return SetState("refused", absl::StrCat(name(), " says: ", message));
  }
  switch (status.error_code()) {
    case grpc::StatusCode::ALREADY_EXISTS:  // the other stream of the pair won
      return;
    case grpc::StatusCode::OK:
    case grpc::StatusCode::CANCELLED:
      return SetState("connecting", absl::StrCat(address_, " answers, but not with a hello"));
    case grpc::StatusCode::UNIMPLEMENTED:
      return SetState("refused", absl::StrCat("what answers at ", address_, " is no decentd peer"));
    default:
      break;
  }
  // In OpenSSL's and in BoringSSL's words.
  if (absl::StrContains(message, "certificate verify failed") ||
      absl::StrContains(message, "CERTIFICATE_VERIFY_FAILED")) {
    const std::string key = env_.options.roster->node(peer_).key.Hex();
    return SetState("wrong key", absl::StrCat("the node at ", address_, " does not hold ", name(),
                                              "'s key ", key.substr(0, 12),
                                              ": check the address, and compare "
                                              "`decentctl roster show` on both"));
  }
  const size_t noise = message.find("last error: ");
  SetState("connecting",
           absl::StrCat(address_, ": ",
                        noise == std::string::npos ? message : message.substr(noise + 12)));
}

void PeerLink::Dial(SteadyTime now, Actions& actions) {
  address_ = addresses_[next_address_ % addresses_.size()];
  dialling_since_ = now;
  dial_judged_ = false;
  auto stream = DialledStream::Make(NewStreamContext(), address_, env_.channel(peer_, address_),
                                    env_.cluster);
  if (!arbiter()) stream->QueueControl(env_.hello);
  dialling_ = stream;
  streams_.push_back(stream);
  actions.start = std::move(stream);
}

void PeerLink::GiveUpLate(SteadyTime now, Actions& actions) {
  if (dialling_ && now - dialling_since_ >= times_.link_within) {
    const StreamPtr stream = dialling_;
    actions.close.emplace_back(stream, grpc::Status::CANCELLED);
    DialFailed({grpc::StatusCode::DEADLINE_EXCEEDED,
                absl::StrCat("no link within ", times_.link_within.count(), " ms")});
  }
  if (accepted_ && now - accepted_since_ >= times_.link_within) {
    actions.close.emplace_back(
        accepted_, grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no hello in time"));
    accepted_.reset();
  }
  // While a frame waits for the receiver nothing is read: that silence is not the peer's.
  if (live_ && undelivered_frames_ == 0 && now - last_frame_ >= times_.dead_after) {
    const std::string detail = absl::StrCat("silent for ", times_.dead_after.count(), " ms");
    actions.close.emplace_back(live_, grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, detail));
    DropLive("connecting", detail);
  }
  for (const StreamPtr& stream : streams_) {
    const auto since = stream->closing_since();
    if (since && now - *since >= times_.linger) actions.cut.push_back(stream);
  }
}

SteadyTime PeerLink::Tick(SteadyTime now) {
  Actions actions;
  SteadyTime next = now + times_.ping_every;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return next;
    GiveUpLate(now, actions);
    if (live_ && now >= next_ping_) {
      // The first ping follows the hello, which may not have left yet.
      next_ping_ = now + std::min(times_.ping_every, kPingAgain);
      if (!live_->control_waiting()) {
        next_ping_ = now + times_.ping_every;
        peer::v1::Frame ping;
        ping.mutable_ping()->set_id(++ping_id_);
        ping_sent_ = now;
        live_->QueueControl(EncodeFrame(ping));
        actions.flush.push_back(live_);
      }
    }
    const bool may_dial = !live_ && !dialling_ && !accepted_ && !addresses_.empty();
    if (may_dial) {
      const SteadyTime due = std::max(next_dial_, faults_.blocked_until());
      if (now >= due) {
        Dial(now, actions);
      } else {
        next = std::min(next, due);
      }
    }
    if (live_) next = std::min({next, next_ping_, last_frame_ + times_.dead_after});
    if (dialling_) next = std::min(next, dialling_since_ + times_.link_within);
    if (accepted_) next = std::min(next, accepted_since_ + times_.link_within);
    for (const StreamPtr& stream : streams_) {
      if (const auto since = stream->closing_since()) next = std::min(next, *since + times_.linger);
    }
  }
  actions.Run();
  // What is past due already (a stream that was cut and has not ended yet) is not worth a spin.
  return std::max(next, now + std::chrono::milliseconds(20));
}

}  // namespace decentd
