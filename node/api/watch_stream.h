// One client that watches a round, and the set of all of them.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <set>

#include "decentd/client/v1/client.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "node/api/council.h"

namespace decentd {

class WatchStream;

// The open streams of a server: bounds their number and ends them all. Thread-safe; outlives them.
class WatchStreams {
 public:
  struct Options {
    size_t streams = 256;
    size_t queue = 1024;  // events that wait for one client; a round of 128 nodes has about 520
  };
  explicit WatchStreams(Options options) : options_(options) {}

  const Options& options() const { return options_; }
  bool Add(WatchStream* stream);  // false when there are too many, or none are taken any more
  void Remove(WatchStream* stream);
  size_t size() const;
  // Ends every stream with `status` and takes no more.
  void EndAll(const grpc::Status& status);

 private:
  const Options options_;
  mutable std::mutex mutex_;
  std::set<WatchStream*> streams_;
  bool ended_ = false;
};

// Writes the events of one round from a bounded queue. A client that lets the queue run over gets
// what is waiting, then RESOURCE_EXHAUSTED, and can resume. Owned by gRPC: deletes itself.
class WatchStream : public grpc::ServerWriteReactor<client::v1::RoundEvent> {
 public:
  // Subscribes. REQUIRES: called in the handler, before gRPC has the reactor.
  static WatchStream* Start(Council& council, WatchStreams& streams,
                            const client::v1::WatchRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // Ends the stream without what is still waiting.
  void End(const grpc::Status& status);

 private:
  explicit WatchStream(WatchStreams& streams) : streams_(streams) {}
  void Subscribe(Council& council, const RoundId& round, uint64_t after_seq);
  void OnEvent(const RoundEvent& event);
  void Advance();                               // REQUIRES: mutex_ held
  void FinishOnce(const grpc::Status& status);  // REQUIRES: mutex_ held

  WatchStreams& streams_;
  // Destroyed in OnDone only, without the mutex: its destructor waits for a running OnEvent.
  std::unique_ptr<Subscription> subscription_;

  std::mutex mutex_;
  uint64_t after_seq_ = 0;                      // of the last event that was queued
  std::deque<client::v1::RoundEvent> waiting_;  // the front one is being written while writing_
  bool writing_ = false;
  bool closing_ = false;  // takes no more events; ends with last_ when the queue is empty
  bool finished_ = false;
  grpc::Status last_;
};

}  // namespace decentd
