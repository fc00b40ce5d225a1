#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "node/llm/answering.h"
#include "node/llm/judging.h"
#include "node/llm/make_models.h"
#include "node/llm/timer_queue.h"

namespace decentd::llm {
namespace {

// Prepared judgements are a hint; beyond this many the hint is dropped. Rounds in flight times
// answers stay far below.
constexpr size_t kMaxPrepared = 4096;

uint64_t MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

// One prompt under way or judged. Fields below `run` are guarded by ComposedModels::mutex_.
struct Judging {
  Judging(const PromptSet* prompts, const JudgeSettings* settings, JudgeRequest request,
          Clock::time_point start, Clock::time_point deadline)
      : run(prompts, settings, std::move(request), deadline), start(start) {}

  JudgeRun run;  // used by one call at a time
  const Clock::time_point start;
  CallId call = 0;
  bool cancelled = false;
  std::optional<JudgeResult> result;
  std::vector<std::function<void(const JudgeResult&)>> waiters;
};

// Gathers the judgements of single answers into one, in the order of the request.
class Gathering {
 public:
  struct Part {
    NodeIndex author;
    bool same_call = false;  // equal answers share one judgement; its tokens count once
    Judgement judgement;
  };

  Gathering(std::vector<Part> parts, Clock::time_point start, JudgeDone done)
      : parts_(std::move(parts)), missing_(parts_.size()), start_(start), done_(std::move(done)) {}

  void Take(size_t part, const JudgeResult& result) {
    JudgeDone done;
    JudgeResult whole;
    {
      std::lock_guard lock(mutex_);
      if (missing_ == 0) return;  // ended by an earlier failure
      if (const auto* abstain = std::get_if<Abstain>(&result)) {
        missing_ = 0;
        whole = *abstain;
      } else {
        parts_[part].judgement = std::get<Judgement>(result);
        if (--missing_ > 0) return;
        whole = Whole();
      }
      done = std::move(done_);
    }
    done(std::move(whole));
  }

 private:
  Judgement Whole() {
    Judgement whole;
    whole.scorer = parts_[0].judgement.scorer;
    whole.usage = parts_[0].judgement.usage;
    for (Part& part : parts_) {
      whole.entries.push_back({part.author, std::move(part.judgement.entries[0].scores)});
      if (&part != &parts_[0] && !part.same_call) {
        whole.usage = AddUsage(whole.usage, part.judgement.usage);
      }
    }
    whole.usage.elapsed_ms = MillisecondsSince(start_);
    return whole;
  }

  std::mutex mutex_;
  std::vector<Part> parts_;
  size_t missing_;
  const Clock::time_point start_;
  JudgeDone done_;
};

class ComposedModels final : public Models {
 public:
  ComposedModels(std::shared_ptr<Backend> answer, std::shared_ptr<Backend> judge,
                 std::string system_prompt, JudgeSettings settings, PromptSet prompts)
      : system_prompt_(std::move(system_prompt)),
        settings_(std::move(settings)),
        prompts_(std::move(prompts)),
        answer_(std::move(answer)),
        judge_(std::move(judge)) {}

  ~ComposedModels() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    answer_.reset();  // every call under way ends here, while the rest is still there
    judge_.reset();
  }

  void Answer(AnswerRequest request, AnswerDone done) override {
    const Clock::time_point start = Clock::now();
    const RoundId round = request.round;
    std::lock_guard lock(mutex_);
    if (stopping_ || answer_ == nullptr) {
      callbacks_.Post([done = std::move(done), abstain = Refusal("answering")] { done(abstain); });
      return;
    }
    ModelCall call = MakeAnswerCall(std::move(request), system_prompt_);
    call.deadline = start + answer_->timeout();
    const CallId id = next_call_++;
    answers_[round].insert(id);
    answer_->Complete(id, std::move(call),
                      [this, round, id, start, done = std::move(done)](CallResult result) {
                        {
                          std::lock_guard lock(mutex_);
                          EraseOne(answers_, round, id);
                        }
                        auto finished = FinishAnswer(std::move(result));
                        if (auto* answer = std::get_if<decentd::Answer>(&finished)) {
                          answer->usage.elapsed_ms = MillisecondsSince(start);
                        }
                        done(std::move(finished));
                      });
  }

  void Judge(JudgeRequest request, JudgeDone done) override {
    std::lock_guard lock(mutex_);
    if (stopping_ || judge_ == nullptr || request.answers.empty() || request.criteria.empty()) {
      callbacks_.Post([done = std::move(done), abstain = Refusal("judging")] { done(abstain); });
      return;
    }
    if (settings_.mode == JudgeMode::kAllAtOnce) {
      auto judging = NewJudging(std::move(request));
      judging->waiters.push_back(std::move(done));
      Start(judging);
      return;
    }
    const size_t count = request.answers.size();
    std::vector<std::shared_ptr<Judging>> judgings;
    std::vector<Gathering::Part> parts;
    Clock::time_point start = Clock::now();
    for (const CandidateAnswer& answer : request.answers) {
      auto judging = Prepared(OneAnswer(request, answer), answer.digest);
      start = std::min(start, judging->start);
      parts.push_back({answer.author, absl::c_linear_search(judgings, judging), {}});
      judgings.push_back(std::move(judging));
    }
    auto gathering = std::make_shared<Gathering>(std::move(parts), start, std::move(done));
    for (size_t i = 0; i < count; ++i) {
      auto take = [gathering, i](const JudgeResult& result) { gathering->Take(i, result); };
      if (judgings[i]->result.has_value()) {
        callbacks_.Post([take, result = *judgings[i]->result] { take(result); });
      } else {
        judgings[i]->waiters.push_back(take);
      }
    }
  }

  void PrepareJudge(JudgeRequest one_answer) override {
    if (settings_.mode != JudgeMode::kPerAnswer || one_answer.answers.size() != 1) return;
    std::lock_guard lock(mutex_);
    if (stopping_ || judge_ == nullptr || one_answer.criteria.empty()) return;
    if (prepared_count_ >= kMaxPrepared) return;
    const Digest digest = one_answer.answers[0].digest;
    Prepared(std::move(one_answer), digest);
  }

  void Cancel(const RoundId& round) override {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (auto calls = answers_.find(round); calls != answers_.end()) {
      for (CallId id : calls->second) answer_->Cancel(id);
    }
    if (auto judgings = judgings_.find(round); judgings != judgings_.end()) {
      for (const auto& judging : judgings->second) {
        judging->cancelled = true;
        judge_->Cancel(judging->call);
      }
    }
    if (auto prepared = prepared_.find(round); prepared != prepared_.end()) {
      prepared_count_ -= prepared->second.size();
      prepared_.erase(prepared);
    }
  }

 private:
  // All private methods: REQUIRES mutex_ held, but for OnJudged.

  Abstain Refusal(const std::string& role) const {
    if (stopping_) return ShuttingDown().abstain;
    return {AbstainReason::kNotConfigured, "no " + role + " model is configured on this node"};
  }

  static JudgeRequest OneAnswer(const JudgeRequest& request, const CandidateAnswer& answer) {
    return {request.round, request.evaluator, request.messages, {answer}, request.criteria};
  }

  template <class Key>
  static void EraseOne(std::map<RoundId, std::set<Key>>& rounds, const RoundId& round,
                       const Key& key) {
    auto found = rounds.find(round);
    if (found == rounds.end()) return;
    found->second.erase(key);
    if (found->second.empty()) rounds.erase(found);
  }

  std::shared_ptr<Judging> NewJudging(JudgeRequest request) {
    const Clock::time_point start = Clock::now();
    return std::make_shared<Judging>(&prompts_, &settings_, std::move(request), start,
                                     start + judge_->timeout());
  }

  void Start(const std::shared_ptr<Judging>& judging) {
    judgings_[judging->run.round()].insert(judging);
    Call(judging, judging->run.FirstCall());
  }

  void Call(const std::shared_ptr<Judging>& judging, ModelCall call) {
    judging->call = next_call_++;
    judge_->Complete(judging->call, std::move(call),
                     [this, judging](CallResult result) { OnJudged(judging, std::move(result)); });
  }

  // The judgement of one answer: the one under way or kept, else a new one. One that failed for a
  // passing reason is tried again; a model that cannot mark this answer is not.
  std::shared_ptr<Judging> Prepared(JudgeRequest one_answer, const Digest& digest) {
    std::shared_ptr<Judging>& slot = prepared_[one_answer.round][digest];
    if (slot == nullptr) ++prepared_count_;
    const Abstain* failed = slot != nullptr && slot->result.has_value()
                                ? std::get_if<Abstain>(&*slot->result)
                                : nullptr;
    if (slot == nullptr || (failed != nullptr && failed->reason != AbstainReason::kReplyUnusable)) {
      slot = NewJudging(std::move(one_answer));
      Start(slot);
    }
    return slot;
  }

  void OnJudged(const std::shared_ptr<Judging>& judging, CallResult result) {
    auto next = judging->run.Next(std::move(result));
    std::vector<std::function<void(const JudgeResult&)>> waiters;
    {
      std::lock_guard lock(mutex_);
      if (auto* call = std::get_if<ModelCall>(&next)) {
        if (!stopping_ && !judging->cancelled) {
          Call(judging, std::move(*call));
          return;
        }
        next = JudgeResult((stopping_ ? ShuttingDown() : Cancelled()).abstain);
      }
      if (auto* judgement = std::get_if<Judgement>(&std::get<JudgeResult>(next))) {
        judgement->usage.elapsed_ms = MillisecondsSince(judging->start);
      }
      judging->result = std::get<JudgeResult>(next);
      waiters = std::move(judging->waiters);
      EraseOne(judgings_, judging->run.round(), judging);
    }
    for (const auto& waiter : waiters) waiter(std::get<JudgeResult>(next));
  }

  const std::string system_prompt_;
  const JudgeSettings settings_;
  const PromptSet prompts_;
  TimerQueue callbacks_;  // for results that are known at once; outlives the backends

  std::mutex mutex_;
  bool stopping_ = false;
  CallId next_call_ = 1;
  std::map<RoundId, std::set<CallId>> answers_;                     // under way
  std::map<RoundId, std::set<std::shared_ptr<Judging>>> judgings_;  // under way
  std::map<RoundId, std::map<Digest, std::shared_ptr<Judging>>> prepared_;
  size_t prepared_count_ = 0;

  std::shared_ptr<Backend> answer_, judge_;
};

}  // namespace

std::unique_ptr<Models> ComposeModels(std::shared_ptr<Backend> answer,
                                      std::shared_ptr<Backend> judge, std::string system_prompt,
                                      JudgeSettings settings, PromptSet prompts) {
  return std::make_unique<ComposedModels>(std::move(answer), std::move(judge),
                                          std::move(system_prompt), std::move(settings),
                                          std::move(prompts));
}

}  // namespace decentd::llm
