// A node without a mind of its own: it waits for what its peers propose and proposes the same. Its
// models are this object, and it listens on the links in front of the node.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "node/core/roster.h"
#include "node/llm/models.h"
#include "node/transport/links.h"

namespace decentd::drill {

// Thread-safe. What a peer proposes is not verified here: a copier copies, and the node behind it
// does not believe what it hears more easily for that.
class Copier final : public Models {
 public:
  explicit Copier(const Roster& roster);
  ~Copier() override;  // calls that wait abstain with kShuttingDown

  // Between the links and `real`, which outlives the result, as does this object.
  std::unique_ptr<LinkReceiver> ListenBefore(LinkReceiver& real);

  // Models. Both wait for a peer's, until Cancel.
  void Answer(AnswerRequest request, AnswerDone done) override;
  void Judge(JudgeRequest request, JudgeDone done) override;
  void PrepareJudge(JudgeRequest) override {}
  void Cancel(const RoundId& round) override;

 private:
  class Ear;
  struct Seen {
    std::optional<decentd::Answer> answer;  // the first one
    std::vector<Sheet> sheets;              // in the order of arrival
    bool over = false;                      // nobody needs the rest any more
  };
  struct Waiting {
    RoundId round;
    // Calls back where there is something to copy; false where there is not yet.
    std::function<bool(const Seen&)> serve;
    std::function<void(Abstain)> give_up;
  };

  void Hear(const peer::v1::Frame& frame);
  Seen& SeenOf(const RoundId& round);  // REQUIRES: mutex_ is held
  void Wait(Waiting waiting);
  void Run();

  const Roster& roster_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<RoundId, Seen> seen_;
  std::list<Waiting> waiting_;
  bool news_ = false, stopping_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace decentd::drill
