#include "node/metrics/timed.h"

#include <chrono>
#include <utility>

namespace decentd {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::string OutcomeOf(const Abstain& abstain) {
  return std::string(AbstainReasonName(abstain.reason));
}
std::string OutcomeOf(const Answer&) { return "ok"; }
std::string OutcomeOf(const Judgement&) { return "ok"; }

class TimedModels final : public Models {
 public:
  TimedModels(Models& inner, ModelCallEnded ended, ModelCallsChanged changed)
      : inner_(inner), ended_(std::move(ended)), changed_(std::move(changed)) {}

  void Answer(AnswerRequest request, AnswerDone done) override {
    inner_.Answer(std::move(request), Wrap("answer", std::move(done)));
  }
  void Judge(JudgeRequest request, JudgeDone done) override {
    inner_.Judge(std::move(request), Wrap("judge", std::move(done)));
  }
  void PrepareJudge(JudgeRequest one_answer) override {
    inner_.PrepareJudge(std::move(one_answer));
  }
  void Cancel(const RoundId& round) override { inner_.Cancel(round); }

 private:
  template <class Reply>
  std::function<void(Reply)> Wrap(const char* what, std::function<void(Reply)> done) {
    changed_(what, 1);
    // Copies: a reply may come after this object is gone.
    return [ended = ended_, changed = changed_, what, done = std::move(done),
            start = SteadyClock::now()](Reply reply) {
      changed(what, -1);
      ended(what, std::visit([](const auto& r) { return OutcomeOf(r); }, reply),
            SecondsSince(start));
      done(std::move(reply));
    };
  }

  Models& inner_;
  const ModelCallEnded ended_;
  const ModelCallsChanged changed_;
};

class TimedStore final : public Store {
 public:
  TimedStore(Store& inner, std::function<void(double, bool)> written)
      : inner_(inner), written_(std::move(written)) {}

  absl::Status WriteSynced(const WriteBatch& batch) override {
    const auto start = SteadyClock::now();
    absl::Status status = inner_.WriteSynced(batch);
    written_(SecondsSince(start), status.ok());
    return status;
  }
  absl::StatusOr<std::string> Get(std::string_view key) const override { return inner_.Get(key); }
  absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return inner_.Scan(begin, end, reverse, visit);
  }
  uint64_t ApproximateBytes() const override { return inner_.ApproximateBytes(); }

 private:
  Store& inner_;
  const std::function<void(double, bool)> written_;
};

}  // namespace

std::unique_ptr<Models> MakeTimedModels(Models& inner, ModelCallEnded ended,
                                        ModelCallsChanged changed) {
  return std::make_unique<TimedModels>(inner, std::move(ended), std::move(changed));
}

std::unique_ptr<Store> MakeTimedStore(Store& inner,
                                      std::function<void(double seconds, bool ok)> written) {
  return std::make_unique<TimedStore>(inner, std::move(written));
}

}  // namespace decentd
