// One peer: which stream to it is the live one, when to dial, what people are told.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/transport/link_options.h"
#include "node/transport/stream.h"

namespace decentd {

// What all peers of a node share. Outlives them.
struct LinkEnvironment {
  const LinkOptions& options;
  EncodedFrame hello;
  std::string cluster;  // hex cluster_id, kClusterMetadata of the calls that this node makes
  // A channel that only the peer's identity key can answer.
  std::function<LentChannel(NodeIndex, const std::string& address)> channel;
  std::function<void()> wake;                    // asks for Tick soon
  std::function<std::shared_ptr<void>()> lease;  // kept by every stream
  std::function<double()> random;                // uniform in [0, 1)
};

// Thread-safe. What the receiver is told runs through one queue, in the order in which the state
// changed, and is emptied by one gRPC thread at a time: so a link goes down once for each time it
// came up, no frame comes after, and a slow receiver holds up the reads of this peer only.
class PeerLink final : public StreamOwner {
 public:
  PeerLink(LinkEnvironment& environment, NodeIndex peer);

  // The reactor of a call whose TLS key is the peer's.
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Accept(
      grpc::CallbackServerContext* context);

  void Send(EncodedFrame frame);
  void CountDropped() { ++counters_.frames_dropped; }
  void CountFault();
  void SetAddresses(std::vector<std::string> addresses);
  PeerState State() const;

  // Does what is due (dial, ping, give up) and says when to come again.
  SteadyTime Tick(SteadyTime now);
  // Closes all streams and makes no more.
  void Stop();
  // After Stop: ends the streams whose end does not get through.
  void Cut();

 private:
  struct Event {
    enum class Type { kUp, kDown, kFrame } type;
    StreamPtr stream;
    peer::v1::Frame frame;
  };
  // What is to be done with streams after the lock is released: gRPC may call back at once.
  struct Actions {
    std::vector<StreamPtr> flush;
    std::vector<std::pair<StreamPtr, grpc::Status>> close;
    std::shared_ptr<DialledStream> start;
    std::vector<StreamPtr> cut;
    void Run();
  };

  void OnMessage(const StreamPtr& stream, grpc::ByteBuffer message) override;
  void OnStreamDone(const StreamPtr& stream, const grpc::Status& status) override;
  void Drain();

  // All below REQUIRE mutex_.
  bool OnFrame(const StreamPtr& stream, peer::v1::Frame frame, Actions& actions);
  void OnHello(const StreamPtr& stream, const peer::v1::Hello& hello, Actions& actions);
  std::string HelloProblem(const peer::v1::Hello& hello, std::string& state) const;
  void Adopt(const StreamPtr& stream, const peer::v1::Hello& hello, Actions& actions);
  void DropLive(const std::string& state, const std::string& detail);
  void Misuse(const StreamPtr& stream, const std::string& what, Actions& actions);
  void CountFaultLocked(Actions& actions);
  void CloseAll(const std::string& state, const grpc::Status& status, Actions& actions);
  void DialFailed(const grpc::Status& status);
  void Dial(SteadyTime now, Actions& actions);
  void GiveUpLate(SteadyTime now, Actions& actions);
  void SetState(std::string state, std::string detail);
  grpc::Status RefusalOfCalls(SteadyTime now) const;
  bool arbiter() const { return env_.options.self < peer_; }
  const std::string& name() const { return env_.options.roster->node(peer_).name; }
  StreamContext NewStreamContext();

  LinkEnvironment& env_;
  const LinkTimes& times_;
  const NodeIndex peer_;
  LinkCounters counters_;

  mutable std::mutex mutex_;
  bool stopping_ = false;
  FaultBudget faults_;

  std::vector<StreamPtr> streams_;  // all that are not done
  StreamPtr dialling_, accepted_;   // not live yet
  SteadyTime dialling_since_, accepted_since_;
  bool dial_judged_ = false;  // the state already says what is wrong with dialling_

  StreamPtr live_;
  uint64_t live_boot_ = 0;
  SteadyTime live_since_, last_frame_, next_ping_, ping_sent_;
  uint64_t ping_id_ = 0;

  std::vector<std::string> addresses_;
  size_t next_address_ = 0;
  SteadyTime next_dial_;
  Backoff backoff_;

  std::deque<Event> events_;
  size_t undelivered_frames_ = 0;
  bool draining_ = false;

  std::string state_, detail_, address_, version_;
  std::set<std::string> said_;  // since the last link: each reason is logged once
  double round_trip_ms_ = -1;
  int64_t last_seen_unix_ms_ = 0;
};

// What a peer says, for a log or a terminal: printable ASCII, cut to `longest` characters.
std::string Printable(const std::string& text, size_t longest);

// Codes with which a peer ends a stream that it does not want.
bool IsRefusal(grpc::StatusCode code);

}  // namespace decentd
