// Nodes of a cluster on loopback sockets, and receivers that can be waited for.
#pragma once

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/ed25519_signer.h"
#include "crypto/tls_identity.h"
#include "node/core/roster.h"
#include "node/transport/grpc_links.h"

namespace decentd::testing {

// Far beyond what anything takes: a test that waits this long has failed.
inline constexpr std::chrono::seconds kPatience{60};

// Records what the links say. All methods are thread-safe.
class Recorder : public LinkReceiver {
 public:
  struct Seen {
    int ups = 0, downs = 0, frames = 0;
    bool up = false;
    bool broken = false;              // an up or a frame where none may come
    std::vector<std::string> bodies;  // of envelopes, in order
    std::vector<std::string> rounds;  // of Want frames, in order
  };

  void OnLinkUp(NodeIndex peer) override {
    Change(peer, [](Seen& seen) {
      seen.broken |= seen.up;
      seen.up = true;
      ++seen.ups;
    });
  }
  void OnLinkDown(NodeIndex peer) override {
    Change(peer, [](Seen& seen) {
      seen.broken |= !seen.up;
      seen.up = false;
      ++seen.downs;
    });
  }
  void OnFrame(NodeIndex peer, peer::v1::Frame frame) override {
    Change(peer, [&](Seen& seen) {
      seen.broken |= !seen.up;
      ++seen.frames;
      for (const auto& envelope : frame.envelopes().envelopes()) {
        seen.bodies.push_back(envelope.body());
      }
      if (frame.has_want()) seen.rounds.push_back(frame.want().round_id());
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_; });
  }

  // While held, OnFrame does not return.
  void Hold(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  bool WaitFor(NodeIndex peer, const std::function<bool(const Seen&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return condition(seen_[peer]); });
  }
  bool WaitUp(NodeIndex peer) {
    return WaitFor(peer, [](const Seen& seen) { return seen.up; });
  }
  bool WaitDown(NodeIndex peer) {
    return WaitFor(peer, [](const Seen& seen) { return seen.ups > 0 && !seen.up; });
  }
  Seen seen(NodeIndex peer) {
    std::lock_guard lock(mutex_);
    return seen_[peer];
  }

 private:
  void Change(NodeIndex peer, const std::function<void(Seen&)>& change) {
    std::lock_guard lock(mutex_);
    change(seen_[peer]);
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<NodeIndex, Seen> seen_;
  bool held_ = false;
};

// A logger whose lines a test can wait for.
class LogBook {
 public:
  LogBook()
      : sink_(std::make_shared<Sink>(this)), log_(std::make_shared<spdlog::logger>("", sink_)) {}
  const std::shared_ptr<spdlog::logger>& log() const { return log_; }
  bool WaitFor(const std::string& part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return CountLocked(part) > 0; });
  }
  int Count(const std::string& part) {
    std::lock_guard lock(mutex_);
    return CountLocked(part);
  }
  std::string Text() {
    std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : lines_) absl::StrAppend(&text, line, "\n");
    return text;
  }

 private:
  class Sink : public spdlog::sinks::base_sink<std::mutex> {
   public:
    explicit Sink(LogBook* book) : book_(book) {}
    void sink_it_(const spdlog::details::log_msg& message) override {
      std::lock_guard lock(book_->mutex_);
      book_->lines_.emplace_back(message.payload.data(), message.payload.size());
      book_->changed_.notify_all();
    }
    void flush_() override {}

   private:
    LogBook* book_;
  };
  int CountLocked(const std::string& part) const {
    int count = 0;
    for (const std::string& line : lines_) count += line.find(part) != std::string::npos;
    return count;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> log_;
};

using Identity = std::shared_ptr<Ed25519Identity>;

inline std::vector<Identity> NewIdentities(int n) {
  std::vector<Identity> identities;
  for (int i = 0; i < n; ++i) identities.push_back(NewEd25519Signer());
  return identities;
}

inline std::string NodeName(int i) {
  static const char* const kNames[] = {"alice", "bob", "carol", "dave", "erin", "frank", "grace"};
  return kNames[i];
}

// Without addresses: tests give them once ports are known.
inline Roster MakeRoster(const std::vector<Identity>& identities, uint32_t epoch = 1) {
  std::vector<RosterNode> nodes;
  for (size_t i = 0; i < identities.size(); ++i) {
    RosterNode node;
    node.name = NodeName(static_cast<int>(i));
    node.key = identities[i]->public_key();
    nodes.push_back(node);
  }
  RosterParameters parameters;
  parameters.criteria = PaperCriteria();
  return Roster(epoch, nodes, parameters);
}

inline TlsIdentity MakeTls(const Identity& identity) { return *MakeTlsIdentity(*identity); }

// Fast enough for tests that wait for silence or for another attempt.
inline LinkTimes ShortTimes() {
  LinkTimes times;
  times.ping_every = std::chrono::milliseconds(100);
  times.first_backoff = std::chrono::milliseconds(20);
  times.longest_backoff = std::chrono::milliseconds(200);
  times.higher_index_waits = std::chrono::milliseconds(50);
  times.good_after = std::chrono::milliseconds(200);
  // On a starved machine handshakes take long, and so do pings; tests of silence set their own.
  times.link_within = times.simultaneous = std::chrono::seconds(20);
  times.dead_after = std::chrono::seconds(60);
  times.linger = std::chrono::seconds(5);
  return times;
}

// One node. The recorder outlives its links.
struct Node {
  NodeIndex self;
  LogBook log;
  Recorder recorder;
  std::unique_ptr<PeerServer> server;
  std::unique_ptr<GrpcLinks> links;

  ~Node() { recorder.Hold(false); }  // the links wait for what runs in their receiver
  std::string address() const { return absl::StrCat("127.0.0.1:", server->port()); }
  PeerState State(NodeIndex peer) const {
    for (PeerState& state : links->States()) {
      if (state.peer == peer) return state;
    }
    return {};
  }
};

// A state is a snapshot without an event to wait for, so this one looks again and again.
inline bool WaitState(const Node& node, NodeIndex peer,
                      const std::function<bool(const PeerState&)>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition(node.State(peer))) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    // Leaves the processor, and the links' locks, to those it waits for.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline absl::StatusOr<std::unique_ptr<PeerServer>> StartServer(const Identity& identity,
                                                               const std::string& address,
                                                               LogBook& log) {
  return PeerServer::Start({address, MakeTls(identity), log.log()});
}

inline std::unique_ptr<Node> StartNode(const Roster& roster, const Identity& identity, int index,
                                       const std::function<void(LinkOptions&)>& change = {},
                                       const std::string& address = "127.0.0.1:0") {
  auto node = std::make_unique<Node>();
  node->self = NodeIndex{static_cast<uint16_t>(index)};
  LinkOptions options;
  options.self = node->self;
  options.roster = &roster;
  auto server = StartServer(identity, address, node->log);
  EXPECT_TRUE(server.ok()) << server.status();
  if (!server.ok()) return node;
  node->server = *std::move(server);
  options.server = node->server.get();
  options.tls = MakeTls(identity);
  options.boot = 1;
  options.software_version = "0.1.0-test";
  options.times = ShortTimes();
  options.log = node->log.log();
  options.receiver = &node->recorder;
  if (change) change(options);
  absl::StatusOr<std::unique_ptr<GrpcLinks>> links = GrpcLinks::Start(options);
  EXPECT_TRUE(links.ok()) << links.status();
  if (links.ok()) node->links = *std::move(links);
  return node;
}

inline FramePtr EnvelopeFrame(const std::string& body) {
  auto frame = std::make_shared<peer::v1::Frame>();
  frame->mutable_envelopes()->add_envelopes()->set_body(body);
  return frame;
}

inline FramePtr WantFrame(const std::string& round) {
  auto frame = std::make_shared<peer::v1::Frame>();
  frame->mutable_want()->set_round_id(round);
  return frame;
}

inline constexpr NodeIndex kAlice{0}, kBob{1}, kCarol{2};

}  // namespace decentd::testing
